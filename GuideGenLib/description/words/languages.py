"""Words by which texts of other languages are known, common ones and those of reports; data only."""

LANGUAGES: dict[str, str] = {
    "Spanish": "el los las con del una por para que y años paciente varón mujer masculino femenino "
    "izquierdo izquierda "
    "derecho derecha riñón hígado pulmón pulmonar páncreas sin masa nódulo lesión tumoral se "
    "observa hombre edad muestra "
    "en un es lóbulo superior derrame hallazgos metástasis hepáticas tumoración",
    "Portuguese": "com uma dos das não paciente anos masculino feminino esquerdo esquerda direito direita "
    "rim fígado pulmão "
    "pâncreas massa nódulo lesão sem observa-se homem mulher idade do da em lobo direitos no "
    "na metástases achados",
    "French": "le les des une avec dans du est pas chez patiente ans homme femme gauche droit droite "
    "rein foie poumon pancréas "
    "côlon masse tumeur lésion sans et au aux sur âgé âgée épanchement lobe supérieur "
    "inférieur cm² métastases présente",
    "German": "der die das und mit im eine einem einer eines ist sind nicht keine kein jähriger jährige "
    "jahre jahren patientin "
    "mann frau links rechts linken rechten linke rechte niere leber lunge lungen "
    "bauchspeicheldrüse raumforderung rundherd "
    "herd großen großer metastasen nachweis vom bei für oberlappen unterlappen befund "
    "beurteilung ein von lungentumor "
    "lebermetastasen nierentumor",
    "Italian": "il lo gli con della del nel nella di una sono è paziente anni maschio femmina uomo donna "
    "sinistro sinistra "
    "destro destra rene fegato polmone polmonare pancreas massa nodulo lesione senza anche non "
    "versamento lobo superiore",
    "Dutch": "het een van met en niet geen jaar jarige patiënt links rechts linker rechter nier lever "
    "long alvleesklier "
    "tumor massa laesie zonder bij naar uit man vrouw oude de bovenkwab onderkwab uitzaaiingen",
    "Swedish": "och med en ett är inte ingen av på år gammal patient vänster höger njure lever lunga "
    "tumör utan hos mannen "
    "kvinna",
    "Polish": "z i w na nie jest lat pacjent pacjentka mężczyzna kobieta lewej prawej nerki nerka "
    "wątroby wątroba płuco płuca "
    "guz zmiana bez o oraz",
    "Turkish": "ve bir ile bu yok yaşında hasta erkek kadın sol sağ böbrek karaciğer akciğer kitle lezyon var olan",
}
SCRIPTS: tuple[tuple[str, str], ...] = (
    ("Japanese", "\u3040-\u30ff"),
    ("Chinese", "\u3400-\u9fff"),
    ("Korean", "\uac00-\ud7af"),
    ("Russian or another language in Cyrillic letters", "\u0400-\u04ff"),
    ("Greek", "\u0370-\u03ff"),
    ("Arabic", "\u0600-\u06ff"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Hindi", "\u0900-\u097f"),
    ("Thai", "\u0e00-\u0e7f"),
)
"""Letters of scripts in which no English is written; of the first that has enough of them."""
ENGLISH = frozenset(
    ("the", "of", "and", "with", "is", "are", "no", "not", "has", "have", "this", "that", "there", "a", "an", "in",
     "to", "from", "for", "on", "at", "by", "was", "were", "which")
)  # fmt: skip
SURELY_ENGLISH = ENGLISH - {"a", "an", "no", "in", "on", "is", "was", "to", "at", "by", "has", "are", "that"}
"""Those that no other language has."""
