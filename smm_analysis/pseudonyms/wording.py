"""How a person stands in a text (표기): spellings of one handle made one, and what names a person taken out."""

from __future__ import annotations

import re
import unicodedata

# What stands for what was taken out of a text.
USER, EMAIL, PHONE, LINK, NUMBER = "@user", "[email]", "[phone]", "[link]", "[number]"


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


def number_of(text: str) -> str:
    """Return the digits of a Korean phone or resident registration number that serves as an id; "" for any other id.

    >>> [number_of(text) for text in ("010-1234-5678", "+82 10 1234 5678", "900101-1234567", "20240101", "c1")]
    ['01012345678', '01012345678', '9001011234567', '', '']
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(_RESIDENT, plain):
        return re.sub(r"\D", "", plain)
    if not re.fullmatch(_PHONE, plain):
        return ""
    digits = re.sub(r"\D", "", plain)
    return re.sub(r"^(?:00)?820?", "0", digits)


def redacted(text: str) -> str:
    """Return a text without what names a person (개인 식별 표현 지우기).

    Handles become `@user`, e-mail addresses `[email]`, Korean phone numbers `[phone]`, links to profiles and posts on
    social sites and messengers `[link]`, resident registration numbers `[number]`; what follows "아이디", "ID:" or a
    site's name and a colon is a handle as well. Rather too much than too little: a particle glued to a handle goes with
    it. Names without any of these signs and street addresses are not recognised.
    """
    plain = text.translate(_PLAIN) if _FULL.search(text) else text
    if not _MAYBE.search(plain):
        return text
    kept, end = [], 0
    pattern = _PERSONAL_NAMED if _LABELLED.search(plain) else _PERSONAL
    for found in pattern.finditer(plain):
        start = found.start("id") if found.lastgroup == "named" else found.start()
        kept += [text[end:start], _WORDS[found.lastgroup]]
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
_PHONE = (
    rf"(?<!\d)(?:(?:\+|00)?82{_SEPARATOR}(?:\(0\))?0?|\(?0)"
    rf"(?:1[016789]|2|[3-6]\d|[78]0|50\d){_SEPARATOR}\d{{3,4}}{_SEPARATOR}\d{{4}}(?!\d)"
)
_RESIDENT = r"(?<!\d)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?[-‐‑‒–—]?\s?[1-8](?:\d{6}(?!\d)|\*{6})"
_SITE = (  # a label, as in "인스타: hong"
    r"카카오톡|카톡|인스타그램|인스타|트위터|페이스북|페북|텔레그램|디스코드|유튜브|틱톡|스레드|라인"
    r"|instagram|insta|ig|twitter|facebook|telegram|discord|tiktok|threads|line|kakao(?:talk)?|snapchat|wechat"
)
_NAMED = (  # what follows is ASCII, so that a label never reads beyond the next one
    rf"(?:(?<![a-z0-9_가-힣])(?:{_SITE})\s?[:=]|(?:아이디|계정)(?:는|은)?\s?[:=]?|(?<![a-z0-9_?&])id\s?[:=])\s{{0,2}}"
    r"(?P<id>(?=[\d._-]{0,30}[a-z])[a-z0-9_](?>[a-z0-9_.-]*[a-z0-9_])(?!\s?(?:@|골뱅이|[(\[]at[)\]])|:?/)[가-힣]{0,6})"
)
_SIGNS = (  # each alternative starts only where a word does and gives nothing back: linear in the text
    rf"(?P<link>(?<![\w.-]){_START}(?:{_HOST}|(?:blog|cafe|in|post)\.naver\.com|brunch\.co\.kr|tistory\.com"
    r"|youtube\.com(?=/(?:@|channel/|c/|user/))|(?:t|kakao|line|wa|m|toss)\.me|(?:open|pf|qr)\.kakao\.com"
    r"|linktr\.ee|litt\.ly|discord\.gg)/[^\s<>\"']+)"
    rf"|(?P<email>(?<![.%+-])(?<!{_LATIN})(?:{_LATIN}|[.%+-])++(?:@|\s?(?:골뱅이|[(\[]at[)\]])\s?)"
    rf"{_LABEL}(?:\.{_LABEL})*\.[a-z]{{2,}})"
    rf"|(?P<user>@{_HANDLE}(?:@{_HANDLE})?)"
    rf"|(?P<phone>{_PHONE})|(?P<number>{_RESIDENT})"
)
_PERSONAL = re.compile(_SIGNS, re.IGNORECASE)
_PERSONAL_NAMED = re.compile(rf"{_SIGNS}|(?P<named>{_NAMED})", re.IGNORECASE)  # slower: only where a label is
_LABELLED = re.compile(r"아이디|계정|[a-z가-힣]\s?[:=]", re.IGNORECASE)
_MAYBE = re.compile(r"@|골뱅이|[(\[]at[)\]]|/|\d{3}|[:=]|아이디|계정", re.IGNORECASE)  # most texts hold none of it
_WORDS = {"link": LINK, "email": EMAIL, "user": USER, "phone": PHONE, "number": NUMBER, "named": USER}
