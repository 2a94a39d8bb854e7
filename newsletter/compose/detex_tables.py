"""The tables of `detex`: TeX names and their Unicode, from the Unicode character charts."""

from __future__ import annotations


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _names(table: str) -> frozenset[str]:
    return frozenset(table.split())


SYMBOLS = _pairs("""
alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ
nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
times × cdot · div ÷ pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗ odot ⊙ ominus ⊖
leq ≤ le ≤ leqslant ≤ geq ≥ ge ≥ geqslant ≥ neq ≠ ne ≠ approx ≈ sim ∼ simeq ≃ cong ≅ equiv ≡ propto ∝ ll ≪ gg ≫
lesssim ≲ gtrsim ≳ prec ≺ succ ≻ mid | vert | Vert ‖ lVert ‖ rVert ‖ lvert | rvert | parallel ∥ perp ⊥
to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⇒ iff ⇔
longrightarrow ⟶ mapsto ↦ uparrow ↑ downarrow ↓ nearrow ↗ searrow ↘ hookrightarrow ↪ rightleftharpoons ⇌ gets ←
infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ oint ∮ forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅
in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ setminus ∖ wedge ∧ vee ∨ neg ¬ lnot ¬ land ∧
lor ∨ vdash ⊢ models ⊨ top ⊤ bot ⊥ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lbrace { rbrace }
ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ textellipsis … prime ′ angle ∠ triangle △ square □ blacksquare ■ diamond ⋄
hbar ℏ ell ℓ Re ℜ Im ℑ aleph ℵ wp ℘ degree ° dagger † dag † ddagger ‡ ddag ‡ S § P ¶ copyright © checkmark ✓
sharp ♯ flat ♭ natural ♮ heartsuit ♥ spadesuit ♠ textdegree ° textregistered ® texttrademark ™ pounds £ euro €
ss ß o ø O Ø l ł L Ł ae æ AE Æ oe œ OE Œ aa å AA Å i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ ng ŋ NG Ŋ
textendash – textemdash — textasciitilde ~ textbackslash ∖ textunderscore _ textquotedblleft “ textquotedblright ”
textless < textgreater > textbar | textmu μ lt < gt > colon : And & LaTeX LaTeX TeX TeX
""")

OPERATORS = _names("""
    log ln lg exp sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan max min sup inf lim liminf limsup arg
    argmax argmin det dim ker deg gcd hom Pr
""")

# Commands that only change how their argument looks: the argument stays.
DRESS = _names("""
    textbf textit texttt textsc textsf textrm textsl textup textmd textnormal text emph underline uline mbox hbox
    mathrm mathbf mathit mathsf mathtt mathcal mathscr mathfrak mathnormal boldsymbol bm bold operatorname ensuremath
    textcolor mathop mathbin mathrel pmb underbrace overbrace textsuperscript textsubscript title url path nolinkurl
    protect footnote sout stackrel smash boxed phantom URL
""")
# Those that mean nothing once the type is plain.
SILENT = _names("""
    left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr limits nolimits displaystyle textstyle scriptstyle
    quad qquad xspace noindent small large Large tiny it bf em rm sf tt sc bfseries itshape ttfamily normalfont
    centering par newline linebreak hfill vspace hspace thinspace enspace allowbreak middle relax
""")
# Names that HTML pages leave bare after taking the backslash away; only ones that are no English words by themselves,
# or that stand right after a digit or a caret.
BARE = {name: SYMBOLS[name] for name in ("times", "cdot", "pm", "leq", "geq", "approx", "infty", "rightarrow", "sim")}
DOUBLE = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ1", "𝔸𝔹ℂ𝔻𝔼𝔽𝔾ℍ𝕀𝕁𝕂𝕃𝕄ℕ𝕆ℙℚℝ𝕊𝕋𝕌𝕍𝕎𝕏𝕐ℤ𝟙", strict=True))

# What a backslash before a sign that is no letter means.
ESCAPED = {sign: sign for sign in "%&$#_{}"} | dict.fromkeys("\\,;: >", " ") | dict.fromkeys("/!-", "") | {"|": "‖"}

# Combining marks of accents in text, and of hats in formulas.
ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0305",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "check": "\u030c",
    "breve": "\u0306",
    "acute": "\u0301",
    "grave": "\u0300",
    "mathring": "\u030a",
}

SUPER = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW*′⊤∘αβγδθ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ*′ᵀ°ᵅᵝᵞᵟᶿ",
        strict=True,
    )
)
SUB = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
