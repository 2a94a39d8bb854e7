"""The way to chats and webhooks, by Apprise."""
