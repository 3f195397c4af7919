"""Who serves the community on a day, by appointments and seats; and in which grid a resident lives."""
from generator.co_governance import seats
from generator.common import lives
from generator.organization import GRIDS, appointments
from generator.residents import buildings

TERMS = appointments()[1] + seats()[1]
# members of the committees and staff, who answer in the chat groups by turns
ON_DUTY = ["secretary-01", "staff-01", "seat-12", "secretary-02", "seat-13", "secretary-03", "staff-02", "seat-14",
           "secretary-04", "seat-15", "secretary-05", "seat-16", "secretary-06"]


def serves(person, day):
    return any(row["person_key"] == person and lives(row, day) for row in TERMS)


def serving(people, day):
    return [person for person in people if serves(person, day)]


def grid_worker(grid, day, post="full_time_grid_worker"):
    """Who holds the post in the grid; the other grid worker while nobody does."""
    found = {row["post"]: row["person_key"] for row in TERMS
             if row["area_code"] == grid and row.get("post", "").endswith("grid_worker") and lives(row, day)}
    return found.get(post) or next(iter(found.values()))


def branch_secretary(grid):
    return f"secretary-{GRIDS.index(grid) + 2:02}"


def homes_of(households, residents):
    """Each resident's grid."""
    grid = {row["key"]: row["area_code"] for row in buildings()[1]}
    building = {row["key"]: row["building_key"] for row in households}
    return {row["key"]: grid[building[row["household_key"]]] for row in residents}
