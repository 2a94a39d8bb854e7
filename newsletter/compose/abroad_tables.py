"""What is known of the languages that summaries are told in: scripts, commonest words, number words, famous names."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAMES = {
    "ar": "Arabic",
    "de": "German",
    "el": "Greek",
    "es": "Spanish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ru": "Russian",
    "uk": "Ukrainian",
    "zh": "Simplified Chinese",
    "zh_Hant": "Traditional Chinese",
}
_HAN = r"[\u3400-\u9fff]"
SCRIPTS = {
    "ar": r"[\u0620-\u06ff]",
    "el": r"[\u0370-\u03ff]",
    "he": r"[\u05d0-\u05ea]",
    "hi": r"[\u0900-\u097f]",
    "ja": r"[\u3041-\u30ff\u4e00-\u9fff]",
    "ko": r"[\uac00-\ud7a3]",
    "ru": r"[\u0400-\u04ff]",
    "uk": r"[\u0400-\u04ff]",
    "zh": _HAN,
    "zh_Hant": _HAN,
}
# Letters of a neighbour that writes with the same script.
NEVER = {
    "ar": r"[\u067e\u0686\u06af\u06cc]",
    "ja": r"\A[^\u3041-\u30ff]*\Z",
    "ru": r"[іїєґІЇЄҐ]",
    "uk": r"[ыэъЫЭЪ]",
    "zh": r"[\u3041-\u30ff]|[\u5011\u9019\u8a13\u7df4\u5b78\u7fd2\u6a5f\u5c0d\u70ba\u8207\u8ad6]",
    "zh_Hant": r"[\u3041-\u30ff]|[\u4eec\u8fd9\u8bad\u7ec3\u5b66\u4e60\u673a\u5bf9\u4e3a\u4e0e\u8bba]",
}
STOPS = {
    language: _words(words)
    for language, words in {
        "en": "the of and to in is that for with we on by this are an as from which it be at our than can",
        "de": "der die das und in von zu den mit ist für auf ein eine einer einem eines des dem als wird werden sich "
        "nicht auch durch bei es im zur zum an oder dass wie über nur diese dieser sie ohne",
        "es": "el la los las de del y en que un una con para por se es al lo como más su sus o este esta sin entre",
        "fr": "le la les de des du et en un une que qui pour par dans sur est avec au aux ce cette plus ne se ou sans "
        "d l à ses son",
        "it": "il lo la i gli le di del della dei delle e in un una che per con si è da al alla nel nella più come non",
        "nl": "de het een en van in op te dat met voor is zijn door die aan niet ook als wordt worden om bij uit deze",
        "pt": "o a os as de do da dos das e em um uma que para com por se é no na nos nas ao mais como sem este esta",
    }.items()
}
ENGLISH = {
    "2": ("two", "twice", "double", "twofold", "second", "pair", "dual"),
    "3": ("three", "triple", "threefold", "third"),
    "4": ("four", "fourth", "quadruple"),
    "5": ("five", "fifth"),
    "6": ("six", "sixth"),
    "7": ("seven", "seventh"),
    "8": ("eight", "eighth"),
    "9": ("nine", "ninth"),
    "10": ("ten", "tenth"),
    "12": ("twelve", "dozen"),
    "100": ("hundred",),
    "1000": ("thousand", "k"),
    "1000000": ("million", "m"),
    "1000000000": ("billion", "b"),
    "1/2": ("half", "halve", "halves", "halving", "50"),
}
_VALUES = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "100", "1000", "1000000", "1000000000", "1/2")
SPELLED = {
    language: {word: value for value, some in zip(_VALUES, words.split(), strict=True) for word in some.split("/")}
    for language, words in {
        "de": "zwei/doppelt/zweimal drei/dreifach/dreimal vier fünf sechs sieben acht neun zehn zwölf/dutzend hundert "
        "tausend million/millionen milliarde/milliarden hälfte/halb/halbiert",
        "es": "dos/doble tres/triple cuatro cinco seis siete ocho nueve diez doce/docena cien/ciento/cientos mil/miles "
        "millón/millones milmillones mitad",
        "fr": "deux/double trois/triple quatre cinq six sept huit neuf dix douze/douzaine cent/cents mille/milliers "
        "million/millions milliard/milliards moitié",
        "it": "due/doppio tre/triplo quattro cinque sei sette otto nove dieci dodici/dozzina cento/centinaia "
        "mille/mila milione/milioni miliardo/miliardi metà",
        "nl": "twee/dubbel/tweemaal drie/driemaal vier vijf zes zeven acht negen tien twaalf/dozijn honderd "
        "duizend/duizenden miljoen miljard helft",
        "pt": "dois/duas/dobro três/triplo quatro cinco seis sete oito nove dez doze/dúzia cem/centenas mil/milhares "
        "milhão/milhões bilhão/bilhões metade",
        "ru": "два/две/двух/вдвое три/трех/трёх/втрое четыре/четырех/четырёх пять/пяти шесть/шести семь/семи "
        "восемь/восьми девять/девяти десять/десяти двенадцать/дюжина сто/сотни тысяча/тысячи/тысяч "
        "миллион/миллиона/миллионов миллиард/миллиарда/миллиардов половина/половину/половины",
        "uk": "два/дві/двох/вдвічі три/трьох/втричі чотири/чотирьох п.ять/п.яти шість/шести сім/семи вісім/восьми "
        "дев.ять/дев.яти десять/десяти дванадцять/дюжина сто/сотні тисяча/тисячі/тисяч мільйон/мільйона/мільйонів "
        "мільярд/мільярда/мільярдів половина/половину/половини",
    }.items()
}
_MEASURE = "(?=个|個|种|種|倍|项|項|类|類|名|位|次|天|年|周|週|款|组|組|层|層|步|个月|小时|つ|件)"
_HANZI = dict(
    zip(
        (f"(?<![一二三四五六七八九十百千万亿几]){one}{_MEASURE}" for one in "二三四五六七八九十"),
        ("2", "3", "4", "5", "6", "7", "8", "9", "10"),
        strict=True,
    )
)
SPELLED["zh"] = _HANZI | {f"[两兩]{_MEASURE}": "2", "一半": "1/2", "翻倍": "2"}
SPELLED["ja"] = dict(_HANZI) | {"半分": "1/2"}
_ARABIC = "ثلاث/ثلاثة أربع/أربعة خمس/خمسة ست/ستة سبع/سبعة ثماني/ثمانية تسع/تسعة عشر/عشرة"
SPELLED["ar"] = {word: str(value) for value, words in enumerate(_ARABIC.split(), 3) for word in words.split("/")}
SPELLED["ar"] |= {"ضعف": "2", "ضعفين": "2", "نصف": "1/2", "مليون": "1000000"}
INTELLIGENCE = frozenset(("ai", "ki", "ia"))  # artificial intelligence, as languages write it
SCALES = frozenset("万萬亿億千百兆만억천")  # after digits: they would be ten thousand times as many
WELL_KNOWN = _words(
    "google meta microsoft apple amazon nvidia openai anthropic huawei alibaba tencent baidu bytedance samsung "
    "intel ibm facebook twitter adobe salesforce claude gemini gemma llama qwen mistral grok deepseek bard "
    "copilot whisper sora dalle stanford berkeley harvard princeton oxford cambridge yale cornell caltech "
    "tsinghua peking fudan zhejiang toronto montreal zürich lausanne münchen berlin tübingen edinburgh imagenet "
    "wikipedia reddit github youtube kaggle pytorch tensorflow python transformer mamba bert elo turing bayes "
    "gauss markov adam"
)
TRANSCRIBED = {
    word: english
    for english, words in {
        "google": "谷歌 グーグル 구글 جوجل غوغل גוגל Гугл",
        "microsoft": "微软 微軟 マイクロソフト 마이크로소프트 مايكروسوفت מיקרוסופט Майкрософт",
        "apple": "苹果公司 蘋果公司 アップル社",
        "amazon": "亚马逊 亞馬遜 أمازون אמזון",
        "nvidia": "英伟达 輝達 エヌビディア 엔비디아 إنفيديا אנבידיה",
        "huawei": "华为 華為 هواوي",
        "alibaba": "阿里巴巴",
        "tencent": "腾讯 騰訊",
        "baidu": "百度",
        "bytedance": "字节跳动 字節跳動",
        "stanford": "斯坦福 史丹佛 スタンフォード 스탠퍼드 ستانفورد סטנפורד Стэнфорд Стенфорд",
        "berkeley": "伯克利 バークレー 버클리 بيركلي ברקלי Беркли Берклі",
        "harvard": "哈佛 ハーバード 하버드 هارفارد הרווארד Гарвард",
        "oxford": "牛津 オックスフォード 옥스퍼드 أكسفورد אוקספורד Оксфорд",
        "cambridge": "剑桥 劍橋 ケンブリッジ 케임브리지 كامبريدج קיימברידג Кембридж",
        "tsinghua": "清华 清華 칭화 تسينغهوا",
        "peking": "北京大学 北京大學",
    }.items()
    for word in words.split()
}
