"""Listening (경청): what people say, how they feel, who stands by the brand, when it gets loud (S4.8, S4.9, S2.1)."""
