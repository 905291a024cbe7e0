"""What people talk about (화제): words, themes, and how many there are."""
