//! The definitions of figures: published, versioned, and each drilling down to
//! the records it counts. Which records those are is said here by name; how
//! they are found is in `queries/figures`.

/// Numbers of posts in organization's contract.
const GROUP_LEADER: i16 = 2;
const CENTRE_HOUSEHOLD_HEAD: i16 = 3;
const FULL_TIME_GRID_WORKER: i16 = 4;
const PART_TIME_GRID_WORKER: i16 = 5;

/// The definition of a figure.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Key, by which published figures name it.
    pub key: &'static str,
    /// Mechanism of the case.
    pub mechanism: &'static str,
    /// Title in Chinese.
    pub title_zh: &'static str,
    /// Title in English.
    pub title_en: &'static str,
    /// What one unit of the figure is.
    pub counted: &'static str,
    /// Exactly what is counted.
    pub definition: &'static str,
    /// Version of the definition: it grows when the definition changes.
    pub version: i32,
    /// The period that the figure covers unless a published one says another.
    pub period: Period,
    /// Service that keeps the records.
    pub service: &'static str,
    /// Which records it counts.
    pub query: Query,
}

/// Which records a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    /// Orders by their department's first acceptance.
    ResponsesStarted,
    /// Visits that stand.
    OfficialCheckIns,
    /// Grid branches that exist.
    GridBranches,
    /// People in a post, by the post's number.
    PeopleInPost(i16),
    /// Plain records that hold, and so does what they belong to.
    Records(Plain),
    /// Whom plain records that hold are about, each once.
    Subjects(Plain),
    /// What plain records come to that began by the day.
    Amounts(Plain),
}

/// Plain records of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain {
    /// What they are.
    pub kind: &'static str,
    /// Only those with one of these kinds, roles or posts; none for any.
    pub codes: &'static [&'static str],
}

/// Periods, numbered as in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// What holds on the as-of date.
    AsOf = 1,
    /// Since the venue or service opened.
    SinceOpening = 4,
    /// Since records began.
    SinceRecordsBegan = 5,
}

/// The figure with a key.
pub(crate) fn by_name(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.key == name)
}

/// Every figure, in the order of the mechanisms.
pub(crate) static FIGURES: &[Figure] = &[
    Figure {
        key: "responses_started",
        mechanism: "M1",
        title_zh: "社区点单、部门响应：启动响应",
        title_en: "Community orders: department responses started",
        counted: "order",
        definition: "Dispatch orders on tickets of the area that were issued to a unit of kind \
                     department and first accepted by the end of the as-of date. An order counts \
                     once, whatever became of it afterwards.",
        version: 1,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::ResponsesStarted,
    },
    Figure {
        key: "official_check_ins",
        mechanism: "M3",
        title_zh: "机关党员到社区报到处置",
        title_en: "Officials' check-in visits",
        counted: "visit",
        definition: "Check-in visits to communities of the area by the end of the as-of date that \
                     have not been voided. Visits count, not people.",
        version: 1,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::OfficialCheckIns,
    },
    Figure {
        key: "co_governance_members",
        mechanism: "M4",
        title_zh: "“1+2+X”共管：成员",
        title_en: "Co-governance \"1+2+X\": members",
        counted: "membership",
        definition: "Memberships of co-governance of communities of the area that hold on the \
                     as-of date, whatever their part.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::Records(Plain {
            kind: "membership",
            codes: &[],
        }),
    },
    Figure {
        key: "part_time_seats",
        mechanism: "M5",
        title_zh: "社区大党委：兼职委员",
        title_en: "Big committee: part-time members",
        counted: "seat",
        definition: "Seats of big committees of the area that part-time members hold on the \
                     as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::Records(Plain {
            kind: "seat",
            codes: &["part_time"],
        }),
    },
    Figure {
        key: "residents_in_need",
        mechanism: "M9",
        title_zh: "民情图：有需求的居民",
        title_en: "Map of the people's situation: residents in need",
        counted: "resident",
        definition: "Residents of the area with at least one need tag that holds on the as-of \
                     date. A resident counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::Subjects(Plain {
            kind: "need_tag",
            codes: &[],
        }),
    },
    Figure {
        key: "grid_branches",
        mechanism: "M10",
        title_zh: "五级管理体系：网格党支部",
        title_en: "Five levels: grid branches",
        counted: "unit",
        definition: "Units of kind grid branch of the area that exist on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::GridBranches,
    },
    Figure {
        key: "group_leaders",
        mechanism: "M10",
        title_zh: "五级管理体系：党小组长",
        title_en: "Five levels: group leaders",
        counted: "person",
        definition: "People who on the as-of date hold a post of group leader in the area. A \
                     person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::PeopleInPost(GROUP_LEADER),
    },
    Figure {
        key: "centre_household_heads",
        mechanism: "M10",
        title_zh: "五级管理体系：党员中心户",
        title_en: "Five levels: centre households",
        counted: "person",
        definition: "People who on the as-of date are head of a Party-member centre household in \
                     the area. A person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::PeopleInPost(CENTRE_HOUSEHOLD_HEAD),
    },
    Figure {
        key: "full_time_grid_workers",
        mechanism: "M10",
        title_zh: "专职网格员",
        title_en: "Full-time grid workers",
        counted: "person",
        definition: "People who on the as-of date are full-time grid worker of a grid of the \
                     area. A person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::PeopleInPost(FULL_TIME_GRID_WORKER),
    },
    Figure {
        key: "part_time_grid_workers",
        mechanism: "M10",
        title_zh: "党员兼职网格员",
        title_en: "Part-time Party-member grid workers",
        counted: "person",
        definition: "People who on the as-of date are part-time grid worker of a grid of the \
                     area. A person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::PeopleInPost(PART_TIME_GRID_WORKER),
    },
    Figure {
        key: "service_posts",
        mechanism: "M13",
        title_zh: "志愿服务岗位",
        title_en: "Posts of voluntary service",
        counted: "service_post",
        definition: "Posts of voluntary service of the area that hold on the as-of date, \
                     filled or not.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(Plain {
            kind: "service_post",
            codes: &[],
        }),
    },
    Figure {
        key: "post_holders",
        mechanism: "M13",
        title_zh: "岗位责任人",
        title_en: "Persons responsible for posts",
        counted: "volunteer",
        definition: "Volunteers who on the as-of date are responsible for a post of the area. \
                     A volunteer counts once, however many posts.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Subjects(Plain {
            kind: "post_holder",
            codes: &[],
        }),
    },
    Figure {
        key: "volunteer_teams",
        mechanism: "M14",
        title_zh: "志愿服务队伍",
        title_en: "Teams of volunteers",
        counted: "team",
        definition: "Teams of volunteers of the area that exist on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(Plain {
            kind: "team",
            codes: &[],
        }),
    },
    Figure {
        key: "volunteers_in_teams",
        mechanism: "M14",
        title_zh: "志愿者",
        title_en: "Volunteers in teams",
        counted: "volunteer",
        definition: "Volunteers who on the as-of date belong to a team of the area. A \
                     volunteer counts once, however many teams.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Subjects(Plain {
            kind: "team_member",
            codes: &[],
        }),
    },
    Figure {
        key: "providers",
        mechanism: "M17",
        title_zh: "政府购买服务：服务主体",
        title_en: "Purchased services: providers",
        counted: "unit",
        definition: "Units that on the as-of date have a contract to provide services in \
                     communities of the area. A unit counts once, however many contracts.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Subjects(Plain {
            kind: "provider_contract",
            codes: &[],
        }),
    },
    Figure {
        key: "service_centres",
        mechanism: "M18",
        title_zh: "党群服务中心",
        title_en: "Service centres",
        counted: "station",
        definition: "Stations of kind centre of the area that are open on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(Plain {
            kind: "station",
            codes: &["centre"],
        }),
    },
    Figure {
        key: "service_stations",
        mechanism: "M18",
        title_zh: "三站",
        title_en: "Stations",
        counted: "station",
        definition: "Convenience, agency and home-care stations of the area that are open on \
                     the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(Plain {
            kind: "station",
            codes: &["convenience", "agency", "home_care"],
        }),
    },
    Figure {
        key: "catalogue_items",
        mechanism: "M21",
        title_zh: "服务项目",
        title_en: "Items of service",
        counted: "catalogue_item",
        definition: "Items that stations of the area offer on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(Plain {
            kind: "catalogue_item",
            codes: &[],
        }),
    },
    Figure {
        key: "subsidy_fen",
        mechanism: "M22",
        title_zh: "政府补助（分）",
        title_en: "Subsidies, in fen",
        counted: "subsidy_entry",
        definition: "What the entries of the subsidy ledgers of stations of the area come to \
                     that are dated by the as-of date: paid less paid back, in fen.",
        version: 1,
        period: Period::SinceOpening,
        service: "volunteers",
        query: Query::Amounts(Plain {
            kind: "subsidy_entry",
            codes: &[],
        }),
    },
    Figure {
        key: "resident_roles",
        mechanism: "M26",
        title_zh: "居民骨干：承担的角色",
        title_en: "Core residents: roles held",
        counted: "resident_role",
        definition: "Roles of core residents of the area that hold on the as-of date. Roles \
                     count, not people.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::Records(Plain {
            kind: "resident_role",
            codes: &[],
        }),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_found() {
        for figure in FIGURES {
            let found = by_name(figure.key).expect("the figure");
            assert_eq!(found.key, figure.key);
        }
        assert!(by_name("unheard_of").is_none());
    }
}
