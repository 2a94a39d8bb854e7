"""What the text of a deferral says of the silence, the hangup or the nonsense that it follows."""

AGAIN = "uncertain: "  # begins the text of a deferral that follows a missing answer
BEHIND = "behind a mail without an answer: "  # the silence was hardly about this one
HUNG_UP = "the server closed the connection after it had taken mail"
GARBAGE = "the server does not speak SMTP"
