"""The kinds of claim, a file for each: how it is judged, and the words of its verdict."""
