"""What people write (사람들이 쓰는 말): short templates, Korean and English, by what is meant."""

from types import MappingProxyType

THINGS = MappingProxyType(
    {
        "ko": ("배송", "포장", "사용법", "가격", "교환", "색상"),
        "en": ("delivery", "packaging", "set-up", "price", "exchange", "colour"),
    }
)

# the sentiment that a supplier would give, and (language, sentence) pairs; {x} is a thing, {b} the brand
WORDS = MappingProxyType(
    {
        "question": (
            0.0,
            (
                ("ko", "{b} {x} 관련해서 여쭤볼게요. 언제쯤 알 수 있나요?"),
                ("ko", "{x} 어떻게 되는지 아시는 분 계신가요?"),
                ("ko", "{b} 처음 써 보는데 {x} 괜찮은가요?"),
                ("en", "Does anyone know about the {x} at {b}?"),
                ("ko", "주말에도 {x} 문의가 되나요?"),
                ("en", "{b}, how does the {x} work?"),
            ),
        ),
        "praise": (
            0.7,
            (
                ("ko", "{b} {x} 정말 마음에 들어요. 또 살 거예요!"),
                ("ko", "답변이 빨라서 믿음이 가네요. {x}도 좋아요."),
                ("ko", "친구한테 추천했더니 {x} 좋다고 고맙대요."),
                ("en", "Really happy with the {x}, thank you {b}!"),
                ("ko", "역시 {b}. {x} 걱정할 필요가 없네요."),
            ),
        ),
        "complaint": (
            -0.6,
            (
                ("ko", "{x} 때문에 너무 실망했어요. 빨리 해결해 주세요."),
                ("ko", "{b} {x} 문제로 연락했는데 아직 답이 없네요."),
                ("en", "The {x} went wrong and nobody helps."),
                ("ko", "{x} 엉망이에요. 환불하고 싶습니다."),
            ),
        ),
        "anger": (
            -0.8,
            (
                ("ko", "{b} 이번 일은 정말 심하네요. 해명하세요."),
                ("ko", "뉴스 보고 왔습니다. {b} 실망입니다."),
                ("ko", "{b} 안 사요. {x} 말고도 문제가 많네요."),
                ("en", "Not acceptable, {b}. Explain yourselves."),
            ),
        ),
        "defence": (
            0.4,
            (
                ("ko", "저는 {b} 오래 썼는데 늘 성실했어요. 기다려 봅시다."),
                ("ko", "{x} 문제는 지난번에도 바로 고쳐 줬어요."),
                ("en", "Give {b} a chance, they always answered me."),
            ),
        ),
        "reply": (
            0.2,
            (
                ("ko", "안녕하세요, {b}입니다. {x} 바로 확인해 드리겠습니다."),
                ("ko", "문의 고맙습니다. {x} 안내를 쪽지로 드렸어요."),
                ("en", "Thank you for asking. We will look into the {x} at once."),
            ),
        ),
        "statement": (
            0.1,
            (
                ("ko", "{b}입니다. 걱정을 끼쳐 죄송합니다. 확인된 사실과 조치를 알려 드립니다."),
                ("en", "This is {b}. We are sorry; here is what we know and what we do."),
            ),
        ),
    }
)


def sentence(meaning: str, u: float, brand: str) -> tuple[str, str]:
    """A sentence of that meaning, chosen by a uniform: (language, text)."""
    choices = WORDS[meaning][1]
    language, text = choices[int(u * len(choices))]
    things = THINGS[language]
    return language, text.format(x=things[int(u * 7919) % len(things)], b=brand)
