"""Ordinary words that look like slips of words of the lexicon, and are none; data only."""

ORDINARY_WORDS = """
adrenaline atopic cholecystostomy cystoscopy cystostomy cystotomy gastroscopy gastrostomy gastrotomy hysteroscopy
hysterotomy nephrostomy nephrotomy thyroiditis
arterially venously hepatically renally pulmonologist pancreatically colonically abdominally thoracically
abuses aden administrations administrative administrator adolescence adolescents adults advance advances aesthetic
africa africans agents aires alter america americana americans americas anemia angus annals anteriorly antrim
appendectomy argent arthritis asean asia attendant attending authentic auxiliary averaged averages back bain basalt
basel basil basis bass bates beast beasts bell bella belle bells benin bible bilateralism billy blacks blank blastic
blending blessings block bodied bonds bonus boone booth borne bottoms bowed bowen bowl bowls boxes boyd braid bran
braun breeding brest brian brody bronchitis bruins builds bulk bull bulls bully buses calcific calcified cancel canvas
cardinals carry casts catheter caves cavitary cavitating cavitation cecil celia cello cells central centrally champ
chance chances chang changed charge charges charities cheap cheat chemotherapy chess chests chet chile chili chill
cholecystectomy clean clears clip clips coins colectomy coli colin colitic collecting collective collector collectors
colonies colonists colony color colored colors colton comic commons compassion compressor connection connections
considerably consolation contacted contested contract contracted contracts contrasts convection cops cords correction
corrections cortes costs cough coughing countess coupe coupled couples crest crowns cystitis defendant defending
degenerative dependent depending deposited descendants descended diabetes diabetic diffusely direction directions
doctor domed donations doses dozens drain drains ducks duets duval dyspnea earl earle earls eats enchanted engagement
engagements enhance enhancing enterprises esther ether europeans evacuated evidenced excessive expansive expensive
extensively fatigue females fever fields filed film films flour focused fours fractured freed fully gallo gallop
gastritis giants gifts girls glad gladstone glandular gloss goin grain grains grand grant grass grin grins groan
groans grounds grown grunt gust habits hadn hands handy hart heads healy hear heard hears hearst hearth heat heats
heirs helical hematuria hemoptysis hemorrhagic hepatectomy hepatitic herbs herds highs hilary honeycombing husbands
hyperdense hypertension hypertensive hypervascular hypodense hypovascular hysterectomy ideal ideals immensely
immunotherapy india indiana indians infants infection infections inferiorly inflammatory intentional interior
interiors intro investing islanders isolate jaundice javanese korea koreans kyphosis lamps lange lasting later
laterally latin leans learn legion legions lena lenses leone lesional lesson lessons leung lever liberation light
liner lipid lips list listed lists liter literal live lived livery lives living lobectomy lobular lobulated lobule
locate locus lose loser loses lost lotus love lover lovers loves lowe lowers lumber lumen lunch lunge lytic mail major
males mandy manly manny maple mark marked masks massey massing materials maternal mean means meat medal media medially
median medicine meets mesh metal metallic metis mild milk mined minor minutes misses mixer mixes moderator moore morse
multiplied muscled naive natives nausea necrosis necrotic nephrectomy nephritis nerve news nice night nods noise norma
norman nose noses numbers nurse obstructed obstructive occurring oder often open operation order organic organize
oriented osteophyte osteophytes osteoporosis osteoporotic otter overnight overs oversight pace pacemaker page paid
pain pains pairs palliative pancreatectomy paper patent path patiently peak peer pens peripheral petit pets petty
phased phrase plaid plains plan plant plate play plum plume pneumonitis poets point poles poly poole poor port portals
porte ports postal posted posteriorly posts potion pots processed processor processors progresses prostatectomy
prosthesis proto prowess pump pure push raced racer races radiation radiotherapy rally rare rate rbis ready rear
recital rector regal reilly rental reticular reticulation rice ride rights ring rise road rock role room root rose
rotated round route routes safe sage sale salim sand scale scar sclerosis sclerotic scoliosis scout screaming
scripture scriptures seat segments seine seize seized seizure sell semifinal seminar send seniors sense sensor sepsis
septic serum sevens severn shape sharp shattered sheet shell shine ship shock shone shot shout shoving sick simpler
simply singled singles sins sired sited sites skies skill skills slide slides slow slowing smell smoker smoking snout
somme song soon sore sound southwest spaced spaces spade spare spice spices spiculated spies spike spikes spin spins
spiral spire spite splenectomy splint spot stade stages stake stale stall stand star stare start stent stents step
steven sticky stock stocks stoke stokes stole stony stop store stores stove streaming strong structure structured
structures style subpleural sugar suit superiorly superiors supervisor surgery surgical sven table tails tamil taste
tastes team teenagers tell tentacles terminals terminate test tested tests thank thee therapy thick thing think thirds
thoracotomy threw throat tight time timor tired tooth toro touch tough track traditional trail train transfers
transition transitioned transitions transplant transplantation tres trial tries truck true trunks trust tudor turn
tutor twain twins valve variously vehicle vehicles venue venus vessel vessels view virus visit vital voice vomiting
vulgar wait wales walk walks wallis wally warm waste water wave weak wear weigh weights wells whale whites whore wide
width wight wild wills wind winds wines wins wire wise witch woken word world worse wound woven wright wrist write
wrong yellow yong zero zones
"""
