"""Mails: what they say (messages), how they look (render), how they leave (senders)."""
