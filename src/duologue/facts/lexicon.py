"""Word lists of the exclusive categories that :mod:`stated` and :mod:`life` read. Everyday English; one entry a word or short phrase."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(w.replace("_", " ") for w in text.split())


JOBS = _words(
    "accountant actor actress architect artist astronaut attorney author baker banker barber barista bartender biologist "
    "blacksmith bookkeeper boxer bricklayer builder butcher carpenter cashier chef chemist cleaner clerk clown coach comedian "
    "conductor contractor cook courier dancer dentist designer detective dj doctor dressmaker driver economist editor electrician "
    "engineer farmer firefighter fireman fisherman florist gardener geologist guard hairdresser historian housekeeper inspector "
    "janitor jeweler journalist judge landscaper lawyer librarian lifeguard locksmith lumberjack maid mailman manager mechanic "
    "miner model musician nanny nun nurse nutritionist optician paralegal paramedic pastor pharmacist photographer "
    "physicist pilot plumber poet policeman politician postman priest principal professor programmer psychologist rancher "
    "realtor receptionist referee reporter researcher roofer sailor salesman scientist secretary singer soldier stewardess surgeon tailor "
    "teacher therapist trainer translator tutor umpire veterinarian vet waiter waitress watchman welder writer zookeeper "
    "flight_attendant mail_carrier police_officer social_worker tax_inspector tattoo_artist bus_driver truck_driver taxi_driver "
    "bank_teller security_guard stay_at_home call_center_agent software_developer web_developer"
)
"""Occupations, singular."""

SAME_JOB = (
    _words("actor actress singer musician dancer model dj comedian performer"),
    _words("attorney lawyer paralegal judge"),
    _words("author writer poet journalist reporter editor translator"),
    _words("baker chef cook waiter waitress bartender barista"),
    _words("banker clerk cashier accountant bookkeeper bank_teller manager secretary receptionist salesman tax_inspector inspector"),
    _words("teacher professor tutor principal coach trainer researcher scientist historian librarian"),
    _words("doctor surgeon nurse paramedic therapist pharmacist dentist optician psychologist nutritionist veterinarian vet"),
    _words("engineer programmer designer architect software_developer web_developer builder contractor scientist physicist chemist biologist geologist"),
    _words("guard security_guard policeman police_officer detective watchman soldier firefighter fireman"),
    _words("driver bus_driver truck_driver taxi_driver courier mailman mail_carrier postman pilot flight_attendant stewardess"),
    _words("cleaner maid janitor housekeeper nanny"),
    _words("farmer rancher gardener landscaper fisherman lumberjack"),
    _words("carpenter builder plumber electrician roofer bricklayer welder mechanic contractor locksmith"),
    _words("artist designer photographer tattoo_artist jeweler tailor dressmaker hairdresser barber florist"),
    _words("priest pastor nun"),
    _words("coach trainer referee umpire boxer lifeguard"),
)  # fmt: skip
"""Occupations that one person may well have both of, or that people use for each other."""

LEISURELY = _words(
    "amateur aspiring average avid awesome awful bad big budding careful casual cautious clumsy closet competent crappy crazy decent enthusiastic "
    "excellent failed fair fantastic fast fine frustrated future good great hobby hopeful horrible huge incredible keen lazy lousy "
    "marvelous mean mediocre messy natural nervous nice ok okay passable passionate passive phenomenal poor reckless role slow sloppy solid "
    "struggling superb terrible terrific tolerable unpublished wannabe weekend wonderful worse worst amazing best better biggest born "
    "not no never like doctor backseat shower armchair"
)
"""What stands before an occupation that somebody has for fun, or likens something to ("a bad cook", "a role model")."""

FOLLOWERS = _words(
    "addict aficionado apprentice assistant buff citizen collector employee enthusiast fan fanatic fans freak geek helper hobbyist intern junkie lover major "
    "nerd owner railroad school student wannabe"
)
"""What makes of an occupation or a topic before it something one is besides work ("Doctor Who fan", "vet student")."""

WORKPLACES = _words(
    "bakery bank bar bookstore cafe call_center car_wash casino church circus cinema clinic factory farm gas_station gym hospital "
    "hotel kindergarten laundry library mall museum office pet_store pharmacy post_office prison restaurant school "
    "shoe_store supermarket grocery_store hardware_store toy_store zoo university warehouse"
)
"""Places of work."""

MEAT = _words(
    "bacon beef burger burgers chicken ham hamburger hamburgers lamb meat meatballs pork ribs salami sausage sausages steak steaks turkey"
)
"""What vegetarians don't eat."""

MEATLESS = _words(
    "bean black_bean fake falafel farm feeding garden holding impossible less lentil meat_free meatless mock mushroom no not pet pets petting plant "
    "raising than tofu seitan soy soya vegan vegetable vegetarian veggie watching without"
)
"""What before the name of a meat makes something else of it, or denies it."""

PETS = {
    "dog": _words("dog dogs puppy puppies beagle labrador poodle greyhound terrier retriever bulldog husky"),
    "cat": _words("cat cats kitten kittens kitty"),
    "bird": _words("parrot parakeet canary"),
    "horse": _words("horse horses pony mare"),
    "rodent": _words("hamster gerbil rabbit rabbits bunny"),
    "reptile": _words("snake snakes python turtle tortoise lizard iguana tarantula"),
    "fish": _words("goldfish aquarium"),
}
"""Animals kept at home, by kind."""

NO_PET = _words(
    "accessories adoption agility allergen allergies allergy bath bed beds bite biscuits boarding book books bowl breed breeder breeding "
    "breeds business cafe cake calendar camp cartoon cartoons character characters charity chores class clinic club code coffee collar collection "
    "costume costumes daycare dander days doll dolls door drawing drawings ears eyes fair farm farms fight fights figure figures figurine figurines food "
    "fur game games girl guy hair hairs hat hats haters hole hospital hotel house jokes kennel kennels lady leash lover lovers mask memes movie "
    "movies mug names neck outfit owner painting paintings park parks person phobia phobias photo photos picture pictures pillow pins poop "
    "power project puppets race races racing rescue ranch riding sanctuary salon salons scar scars scratch script scripts shampoo "
    "shaped shelter shelters shirt shirts show shows sitter sitters sitting skills skin sledding sleds slippers spa stable stables statue statues "
    "sticker stickers store stories story tag tags tattoo tattoos themed toy toys track trailer trainer trainers training treats trick tricks video videos "
    "voice walker walkers walking whisperer yoga"
)
"""What makes of an animal's name before it that of something else."""

PEOPLE = _words(
    "aunt aunts boyfriend brother brothers children cousin cousins dad daughter daughters family father fiance fiancee flatmate flatmates folks friend "
    "friends girlfriend girls guys grandchildren granddaughter grandfather grandkids grandma grandmother grandpa grandparents grandson housemate housemates "
    "husband in_laws kids men mom mother mum nephew niece others parents partner people roommate roommates sister sisters son sons students twins uncle "
    "uncles wife women"
)
"""Those whom somebody lives with."""

_CITIES_OF = {
    "usa": "anchorage atlanta austin baltimore boston brooklyn chicago cleveland dallas denver detroit honolulu houston kansas_city las_vegas "
    "los_angeles memphis miami minneapolis nashville new_orleans oakland orlando philadelphia phoenix pittsburgh portland sacramento "
    "salt_lake_city san_diego san_francisco seattle tampa",
    "argentina": "buenos_aires", "australia": "adelaide brisbane melbourne sydney", "austria": "salzburg vienna", "bangladesh": "dhaka",
    "belgium": "antwerp brussels", "brazil": "rio sao_paulo", "canada": "calgary halifax montreal ottawa toronto vancouver winnipeg",
    "china": "beijing shanghai", "colombia": "bogota", "cuba": "havana", "czechia": "prague", "denmark": "copenhagen", "egypt": "cairo",
    "emirates": "dubai", "england": "bristol leeds liverpool london manchester", "finland": "helsinki",
    "france": "lyon marseille paris", "germany": "berlin cologne hamburg munich", "hungary": "budapest", "iceland": "reykjavik",
    "india": "bangalore chennai delhi kolkata mumbai", "indonesia": "jakarta", "iran": "tehran", "iraq": "baghdad", "ireland": "dublin",
    "italy": "florence milan rome venice", "japan": "kyoto osaka tokyo", "kenya": "nairobi", "korea": "busan seoul", "lebanon": "beirut",
    "mexico": "mexico_city", "morocco": "casablanca", "nepal": "kathmandu", "netherlands": "amsterdam rotterdam", "nigeria": "lagos",
    "norway": "bergen oslo", "pakistan": "karachi lahore", "peru": "lima", "philippines": "manila", "poland": "krakow warsaw",
    "portugal": "lisbon porto", "russia": "moscow", "scotland": "aberdeen edinburgh glasgow", "spain": "barcelona madrid seville",
    "sweden": "gothenburg stockholm uppsala", "switzerland": "geneva zurich", "thailand": "bangkok", "turkey": "istanbul",
    "vietnam": "hanoi", "wales": "cardiff",
}  # fmt: skip
CITIES = {city: country for country, names in _CITIES_OF.items() for city in _words(names)}
"""The country of each city that is named."""

PLACES = {
    "state": _words(
        "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa "
        "kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada "
        "new_hampshire new_jersey new_mexico new_york north_carolina north_dakota ohio oklahoma oregon pennsylvania rhode_island "
        "south_carolina south_dakota tennessee texas utah vermont virginia washington west_virginia wisconsin wyoming"
    ),
    "country": _words(
        "algeria argentina armenia australia austria bangladesh belgium bolivia brazil bulgaria canada chile china colombia costa_rica "
        "croatia cuba czechia denmark ecuador egypt england estonia ethiopia finland france germany ghana greece guatemala haiti hungary "
        "iceland india indonesia iran iraq ireland israel italy jamaica japan kenya korea latvia lebanon lithuania malaysia malta mexico "
        "mongolia morocco myanmar nepal netherlands new_zealand nigeria norway pakistan peru philippines poland portugal romania russia "
        "scotland senegal serbia slovakia slovenia spain sweden switzerland syria taiwan tanzania thailand tunisia turkey uganda ukraine "
        "uruguay venezuela vietnam wales"
    ),
    "city": frozenset(CITIES),
}
"""Names of places by level; two different ones of one level are not the same place."""

LEARNED = _words(
    "accountant architect astronaut attorney biologist chemist dentist doctor economist editor engineer geologist historian judge lawyer "
    "librarian nurse optician paralegal paramedic pastor pharmacist physicist pilot politician priest principal professor psychologist "
    "researcher scientist surgeon teacher therapist veterinarian vet social_worker tax_inspector detective"
)
"""Occupations that take years of study or training."""

GROWN = _words(
    "banker bartender butcher contractor driver electrician firefighter fireman guard inspector locksmith manager mechanic miner nun "
    "nutritionist plumber policeman police_officer postman mailman mail_carrier realtor roofer sailor secretary soldier stewardess "
    "flight_attendant truck_driver bus_driver taxi_driver bank_teller security_guard welder builder bricklayer carpenter"
)
"""Other occupations of grown-ups."""

STRENUOUS = _words(
    "boxer bricklayer builder dancer firefighter fireman flight_attendant lifeguard lumberjack miner model paramedic police_officer "
    "policeman roofer soldier stewardess welder astronaut pilot surgeon"
)
"""Occupations that nobody has in great age."""
