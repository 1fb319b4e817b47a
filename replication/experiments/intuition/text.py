"""A small text, written for this project, for guessing characters (Apache-2.0, as the rest)."""

TEXT = """\
a number is even or it is odd and there is nothing in between
take an even number and cut it into two equal parts
take an odd number and count it three times and then add one
do it again and again and watch the number rise and fall
it climbs like a stone that the wind lifts inside a cloud of hail
it falls and is lifted and falls again until it comes to rest
every number that anyone has ever tried came to rest at one
nobody knows why and nobody knows whether all of them must
a person who sees the rule needs to remember only where it began
a person who does not see the rule must remember every single number
this is the whole idea of finding a pattern in what we are shown
a poem is easy to learn because each word leads on to the next
shake the words of the poem in a bag and it is hard to learn
a chess player looks at a board for the time of a long breath
then the pieces are swept away and the player puts them back
the beginner puts back four or five of them and gives up
the master puts back twenty and can tell you who will win
set the pieces at random and the master is no better than the rest
what the master knows is not the pieces but how they stand together
a picture is a long list of numbers and most lists are no picture
draw the numbers from a hat and you will see nothing but snow
the pictures that mean something are few among all that there could be
so it must be possible to say which one it is in fewer words
the first half of the machine is given a picture and writes a note
the note is short and the machine is not told what to write in it
the second half of the machine is given the note and paints the picture
then the two pictures are laid side by side and compared
where they differ both halves of the machine are told to do better
after many pictures the note says just what the painter needs to know
it may say how thick the line is and which way it leans
it may say that there is a loop at the top and none at the bottom
nobody told the machine that there are loops and lines
when the learning is over the painter is sent home
the one who writes the notes stays and works for others
another machine reads the notes and says which digit it was
it has less to read and so it has less to learn
a note that is too short cannot tell two pictures apart
a note that is too long is only the picture over again
if the picture is covered with dust the note has no room for the dust
so the painter who reads the note paints the picture without it
if a letter is missing in a word the letters around it can tell
the machine has seen many words and knows what is likely to stand there
it does not know what the word means and it guesses all the same
write a note that nobody has written before and give it to the painter
it will paint a picture that nobody has ever seen
sometimes it is a good one and often it is a blur
notes that were drawn from a hat are not notes that mean something
the painter does what it can with what it is given
there are many ways to make the machine and all of them share one thought
to say again what you have seen you must first understand what matters
a machine that only repeats has understood nothing at all
that is why the way between the two halves has to be narrow
the narrow way is what makes the machine look for the rule
"""
