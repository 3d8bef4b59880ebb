"""Words from which the scripted backend makes its sentences."""

from __future__ import annotations

ACTIONS = (
    "like to paint", "collect", "often repair", "used to sell", "write about", "am learning to cook with", "photograph",
    "never throw away", "teach children about", "dream about", "am a little afraid of", "save money for", "read about",
    "built a shelf for", "grew up around", "get bored by", "trade", "volunteer at a museum of", "inherited", "can not stand",
)  # fmt: skip
THINGS = (
    "old radios", "sea birds", "wooden boats", "spicy noodles", "tomato plants", "mountain bikes", "silent films",
    "chess sets", "stray cats", "train tickets", "garden snails", "jazz records", "pocket watches", "crime novels",
    "winter coats", "honey bees", "street maps", "clay pots", "vintage cameras", "thunder storms", "card tricks",
    "rye bread", "swimming pools", "night markets", "tall ladders", "folk songs", "board games", "desert flowers",
    "model trains", "loud parties", "rubber stamps", "steam engines", "goat cheese", "comic books", "running shoes",
    "fishing rods", "church bells", "tropical fish", "sour apples", "electric guitars",
)  # fmt: skip
SETTINGS = (
    "with my sister", "on weekends", "since my divorce", "in a small village", "after my night shift", "for a living",
    "with my grandfather", "at the harbor", "every summer", "in my tiny kitchen", "since I lost my job", "near the airport",
    "before sunrise", "with my three sons", "in the army", "at my church", "while I study law", "despite my bad knee",
    "on rainy evenings", "in northern Canada", "with two roommates", "because my doctor told me to", "in my retirement",
    "at a hospital", "whenever I am homesick",
)  # fmt: skip
QUESTIONS = (
    "What do you think about {}?", "How do you feel about {}?", "Do you have any history with {}?",
    "What is your relationship to {}?", "When did you last deal with {}?", "Who taught you about {}?",
    "What place do {} have in your life?", "Would your family say that you care about {}?",
)  # fmt: skip
TOPICS = (
    "your job", "your family", "your hobbies", "food", "music", "pets", "travel", "sports", "school", "health", "your home",
    "money", "friends", "religion", "weather", "books", "films", "cars", "gardens", "holidays", "childhood", "sleep",
    "clothes", "languages", "neighbors", "the sea", "fears", "plans", "habits", "technology",
)  # fmt: skip
OPENINGS = (
    "Hi there, how is your day going?", "Hello! What are you up to this evening?", "Hey, nice to meet you.",
    "Good morning, did you sleep well?", "Hi! I just got in and need someone to talk to.",
    "Hello, is it raining where you are too?", "Hey you, what kept you busy today?",
    "Evening! I hope I am not disturbing you.", "Hi, I am new here, so bear with me.", "Hello, tell me something good.",
)  # fmt: skip
REACTIONS = (
    "Oh, that is interesting.", "I can imagine that.", "Really? I had no idea.", "That makes sense to me.",
    "Ha, that made me smile.", "I see what you mean.", "That sounds like a lot.", "Good for you!", "Well, who would not.",
    "Hm, let me think about that.", "That is fair enough.", "You put that nicely.", "Sounds familiar somehow.",
    "I would not have guessed.", "That must take some patience.", "Now you have me curious.", "Thanks for telling me.",
    "I know the feeling.", "Some days are like that.", "What a thing to hear today.", "Right, that figures.",
    "Oh dear, I hope it went well.", "Lucky you, then.", "My week was rather different.", "That takes courage, I think.",
    "It is funny how that goes.",
)  # fmt: skip
REMARKS = (
    "The afternoon went by slowly here.", "There was a strange smell in the street this morning.",
    "Lunch was late again.", "The bus was full of people today.", "It got dark so early.",
    "Someone next door is playing the trumpet.", "The phone has been ringing all day.", "The wind is loud tonight.",
    "There is a pile of letters on the table.", "The light in this room is quite pretty.", "Nobody told us about the noise.",
    "The shop on the corner closed down.", "It snowed a little at noon.", "The coffee here is too weak.",
    "The news was dull for once.", "A parcel came for the wrong person.", "The whole street smells of bread.",
    "The lift is broken again.", "There were fireworks last night.", "The clock in the hall stopped.",
)  # fmt: skip
ASKS = (
    "What about you?", "How did that begin?", "Would you do it again?", "Who else knows about it?", "Is it hard?",
    "What comes next for you?", "Do you talk about it much?", "When was that?", "What do your friends say?",
    "How long has it been so?", "Did you plan it that way?", "What is the best part of it?", "And on other days?",
    "Does that ever change?", "Where did you hear of it?", "What would you change about it?", "Are you happy with that?",
    "Is there a story behind it?", "How do you find the time?", "Could you explain that a bit more?",
)  # fmt: skip
LEADS = (
    "You know,", "To be open,", "As for me,", "Since you ask,", "Well,", "Funny enough,", "By the way,", "Truth be told,",
    "Speaking of that,", "On my side,", "Between us,", "Come to think of it,",
)  # fmt: skip
ADVERBS = ("really", "honestly", "certainly", "actually", "truly", "definitely", "simply", "still")
ENDINGS = (
    "This was a lovely talk, see you soon.",
    "I should get going, bye for now.",
    "Take care of yourself, goodbye.",
)
