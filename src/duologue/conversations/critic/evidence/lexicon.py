"""Word lists of the exclusive categories that :mod:`facts` reads. Everyday English; one entry a word or short phrase."""

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

PLACES = {
    "state": _words(
        "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa "
        "kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada "
        "new_hampshire new_jersey new_mexico new_york north_carolina north_dakota ohio oklahoma oregon pennsylvania rhode_island "
        "south_carolina south_dakota tennessee texas utah vermont virginia washington wisconsin wyoming"
    ),
    "country": _words(
        "argentina australia austria belgium brazil canada chile china colombia cuba denmark egypt england finland france germany "
        "greece iceland india ireland israel italy jamaica japan kenya korea mexico morocco netherlands nigeria norway pakistan peru "
        "philippines poland portugal russia scotland spain sweden switzerland thailand turkey ukraine vietnam wales"
    ),
    "city": _words(
        "amsterdam atlanta austin baltimore bangkok barcelona beijing berlin boston brussels budapest cairo chennai chicago cleveland "
        "dallas denver detroit dublin hamburg houston lisbon london los_angeles madrid manchester memphis miami milan montreal "
        "moscow mumbai munich nashville oslo paris philadelphia phoenix pittsburgh portland prague rome san_diego san_francisco "
        "seattle seoul shanghai stockholm sydney tokyo toronto vancouver vienna warsaw zurich"
    ),
}
"""Names of places by level; two different ones of one level are not the same place."""
