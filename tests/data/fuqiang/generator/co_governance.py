"""Makes the memberships of co-governance, "1+2+X", and the seats of the community's big committee."""
from generator.common import keyed, table
from generator.organization import COMMUNITY, PROPERTY, resident_unit

# By resident unit, the days of its memberships as a co-building unit: nine hold on the as-of day.
CO_BUILDING_UNITS = {
    1: [("2020-03-01", "")], 2: [("2020-03-01", "")], 3: [("2020-03-01", "2021-01-01"), ("2021-09-01", "")],
    4: [("2020-06-01", "")], 5: [("2020-06-01", "")], 6: [("2020-06-01", "")], 7: [("2021-03-01", "")],
    8: [("2022-07-28", "")], 9: [("2021-03-01", "2022-07-29")], 10: [("2020-06-01", "2021-07-01"), ("2022-09-01", "")],
    11: [("2020-03-01", "2022-07-28")], 12: [("2022-07-29", "")], 13: [("2020-03-01", "2021-12-31")],
}
# Days of the residents' memberships: seven hold on the as-of day.
RESIDENTS = [("2020-05-01", "")] * 5 + [("2022-07-28", ""), ("2021-01-01", "2023-01-01"), ("2020-05-01", "2021-05-01"),
                                        ("2020-05-01", "2022-07-28"), ("2022-07-29", "")]
# By unit, who holds its seat and for which term: six part-time and five full-time seats on the as-of day.
PART_TIME = {
    resident_unit(1): [("seat-01", "2020-03-01", "2021-09-01"), ("seat-02", "2021-09-01", "")],
    resident_unit(2): [("seat-03", "2020-03-01", "2022-07-28"), ("seat-04", "2022-07-28", "")],
    resident_unit(3): [("seat-05", "2020-03-01", "2022-07-29"), ("seat-06", "2022-07-29", "")],
    PROPERTY: [("seat-07", "2020-03-01", "2022-03-01"), ("seat-07", "2022-03-01", "")],  # a second term
    resident_unit(4): [("seat-08", "2021-03-01", "2023-03-01")],  # its end is known
    resident_unit(5): [("seat-09", "2020-06-01", "")],
    resident_unit(6): [("seat-10", "2020-03-01", "2022-07-28")],
    resident_unit(7): [("seat-11", "2022-07-29", "2025-07-29")],
}
FULL_TIME = {
    "FQ-GENERAL-BRANCH": [("secretary-01", "2020-03-01", ""), ("seat-12", "2020-03-01", ""),
                          ("seat-13", "2020-03-01", "2021-03-01"), ("seat-14", "2021-03-01", ""),
                          ("seat-15", "2020-03-01", ""), ("seat-16", "2021-06-01", "")],
}


def memberships(rng, roles):
    """The members among the residents are core residents who have had their role all the time."""
    steady = sorted({row["resident_key"] for row in roles if row["start_date"] < "2020-05-01" and not row["end_date"]})
    rows = [("general_branch", "FQ-GENERAL-BRANCH", "", COMMUNITY, "2020-03-01", ""),
            ("property_committee", "FQ-PROPERTY-COMMITTEE", "", COMMUNITY, "2020-03-01", ""),
            ("property_company", PROPERTY, "", COMMUNITY, "2020-03-01", "")]
    rows += [("co_building_unit", resident_unit(number), "", COMMUNITY, start, end)
             for number, terms in CO_BUILDING_UNITS.items() for start, end in terms]
    rows += [("resident", "", resident, COMMUNITY, start, end)
             for resident, (start, end) in zip(rng.sample(steady, len(RESIDENTS)), RESIDENTS)]
    return table("key,role,unit_code,resident_key,area_code,start_date,end_date", keyed("m", rows))


def seats():
    rows = [(kind, person, unit, COMMUNITY, start, end)
            for kind, units in [("part_time", PART_TIME), ("full_time", FULL_TIME)]
            for unit, terms in units.items() for person, start, end in terms]
    return table("key,kind,person_key,unit_code,area_code,start_date,end_date", keyed("s", rows))
