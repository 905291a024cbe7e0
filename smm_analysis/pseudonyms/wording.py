"""How a person stands in a text (표기): spellings of one handle made one, and what names a person taken out."""

from __future__ import annotations

import re
import unicodedata

USER, EMAIL, PHONE, LINK = "@user", "[email]", "[phone]", "[link]"  # what stands for what was taken out of a text


def canonical(handle: str) -> str:
    """Return the spelling that all spellings of a handle share (계정명 정규화); "" for none.

    Unicode's NFKC with case folded (full-width letters become plain), invisible characters, outer blanks and leading @
    out; of a profile's address on a known site only the name stays. Dots, underscores and hyphens count.

    >>> [canonical(h) for h in ("＠Ｈｏｎｇ.Gil", "instagram.com/hong.gil/", "https://m.blog.naver.com/HONG.gil/22310")]
    ['hong.gil', 'hong.gil', 'hong.gil']
    >>> canonical("https://www.youtube.com/@홍길동/videos"), canonical("@@ "), canonical("kim@naver.com")
    ('홍길동', '', 'kim@naver.com')
    """
    name = handle
    if not (name.isascii() and name.isprintable()):
        name = unicodedata.normalize("NFKC", handle)
        name = "".join(char for char in name if char.isspace() or unicodedata.category(char) not in ("Cf", "Cc"))
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    name = name.casefold().strip()
    if "." in name and (profile := _PROFILE.match(name)):
        name = next(filter(None, profile.groups()), name)
    return re.sub(r"^[@\s]+", "", name).rstrip() if name[:1] == "@" else name


def redacted(text: str) -> str:
    """Return a text without what names a person (개인 식별 표현 지우기).

    Handles become `@user`, e-mail addresses `[email]`, Korean phone numbers `[phone]`, links to profiles and posts on
    social sites `[link]`. Rather too much than too little: a particle glued to a handle goes with it. Names without @,
    street addresses and resident registration numbers are not recognised.
    """
    plain = text.translate(_PLAIN) if _FULL.search(text) else text
    if not _MAYBE.search(plain):
        return text
    kept, end = [], 0
    for found in _PERSONAL.finditer(plain):
        kept += [text[end : found.start()], _WORDS[found.lastgroup]]
        end = found.end()
    return "".join([*kept, text[end:]])


# A profile's address, normalised and casefolded: the name is the first group that is there.
_HOST = r"(?:x|twitter|instagram|threads|facebook|tiktok|bsky|linkedin|reddit)\.(?:com|net|app)"
_START = r"(?:https?://)?(?:[\w-]{1,20}\.){0,2}"
_NO_NAME = (  # what stands where a name would: everybody behind it would be one person
    r"(?!(?:i|p|r|reels?|tv|stories|explore|hashtag|search|share|intent|home|watch|groups|pages|posts?|events?|people"
    r"|feed|results|shorts|live|embed|playlist|\w+\.(?:php|naver|nhn))(?:[/?#]|$))"
)
_NAME = rf"{_NO_NAME}(@?[^/?#\s]+)"
_PROFILE = re.compile(
    rf"{_START}(?:"
    r"facebook\.com/profile\.php\?(?:[^#]*&)?id=(\d+)"
    r"|facebook\.com/people/[^/]+/(\d+)"
    rf"|{_HOST}/(?:profile/|in/|company/|user/|u/)?{_NAME}"
    rf"|youtube\.com/(?:channel/|c/|user/)?{_NAME}"
    r"|blog\.naver\.com/(?:postlist|postview|prologue/prologuelist)\.(?:naver|nhn)\?(?:[^#]*&)?blogid=([^&#\s]+)"
    rf"|(?:blog|in|post)\.naver\.com/{_NAME}"
    r"|brunch\.co\.kr/(@[^/?#\s]+)"
    r"|([\w-]+)\.tistory\.com(?:/|$)"
    r")"
)
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFE6B: 64}  # full-width, of the same length
_FULL = re.compile("[\uff01-\uff5e\ufe6b]")
_HIDDEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"  # characters that show nothing
_LETTER = rf"[\w{_HIDDEN}\u0300-\u036f\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff]"  # \w lacks vowel signs
_HANDLE = rf"{_LETTER}+(?:[.·・-]+{_LETTER}+)*"
_CJK = r"\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3"  # may stand right beside an address
_LATIN = rf"[^\W{_CJK}]"
_LABEL = rf"{_LATIN}(?:{_LATIN}|-)*+"
_SEPARATOR = r"[\s.\-‐‑‒–—·)]{0,2}"
_PERSONAL = re.compile(  # each alternative starts only where a word does and gives nothing back: linear in the text
    rf"(?P<link>(?<![\w.-]){_START}(?:{_HOST}|(?:blog|cafe|in|post)\.naver\.com|brunch\.co\.kr|tistory\.com"
    r"|youtube\.com(?=/(?:@|channel/|c/|user/)))/[^\s<>\"']+)"
    rf"|(?P<email>(?<![.%+-])(?<!{_LATIN})(?:{_LATIN}|[.%+-])++(?:@|\s?(?:골뱅이|[(\[]at[)\]])\s?)"
    rf"{_LABEL}(?:\.{_LABEL})*\.[a-z]{{2,}})"
    rf"|(?P<user>@{_HANDLE}(?:@{_HANDLE})?)"
    rf"|(?P<phone>(?<!\d)(?:(?:\+|00)?82{_SEPARATOR}(?:\(0\))?0?|\(?0)"
    rf"(?:1[016789]|2|[3-6]\d|[78]0|50\d){_SEPARATOR}\d{{3,4}}{_SEPARATOR}\d{{4}}(?!\d))",
    re.IGNORECASE,
)
_MAYBE = re.compile(r"@|골뱅이|[(\[]at[)\]]|/|\d{3}", re.IGNORECASE)  # most texts hold none of it
_WORDS = {"link": LINK, "email": EMAIL, "user": USER, "phone": PHONE}
