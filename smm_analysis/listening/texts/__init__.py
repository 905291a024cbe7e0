"""What a text says (글 읽기): sentiment and cues."""
