//! Definitions of figures: public, versioned, and each traceable to the records that it
//! counts. The definitions name the records; the queries in `queries/figures` find them.

use crate::period::Period;

/// Numbers of posts in organization's contract.
const GROUP_LEADER: i16 = 2;
const CENTRE_HOUSEHOLD_HEAD: i16 = 3;
const FULL_TIME_GRID_WORKER: i16 = 4;
const PART_TIME_GRID_WORKER: i16 = 5;

/// Key of the figure that counts residents in need.
pub(crate) const RESIDENTS_IN_NEED: &str = "residents_in_need";

/// The definition of a figure.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Unique key, which published figures refer to.
    pub key: &'static str,
    /// Mechanism of the case, such as `M1`.
    pub mechanism: &'static str,
    /// Title in Chinese, shown on the wall.
    pub title_zh: &'static str,
    /// Title in English, for reports.
    pub title_en: &'static str,
    /// Kind of record that one unit of the figure counts.
    pub counted: &'static str,
    /// Exact definition of what is counted, in English.
    pub definition: &'static str,
    /// Version of the definition: incremented when the meaning changes.
    pub version: i32,
    /// The period that the figure covers unless a request names another. It never depends on
    /// the period of a published figure.
    pub period: Period,
    /// Service that owns the records.
    pub service: &'static str,
    /// Query that selects the records.
    pub query: Query,
}

/// The records that a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    /// Orders, by the department's first acceptance.
    ResponsesStarted,
    /// Visits that have not been voided.
    OfficialCheckIns,
    /// Grid branches that exist on the as-of date.
    GridBranches,
    /// People who hold a post, by the post's number.
    PeopleInPost(i16),
    /// Plain records that hold, together with what they belong to.
    Records(Plain),
    /// Distinct subjects of plain records that hold.
    Subjects(Plain),
    /// Plain records that began in the period.
    Begun(Plain),
    /// Sum of the amounts of plain records that began in the period.
    Amounts(Plain),
    /// Distinct subjects of plain records that began in the period, regardless of later
    /// changes.
    SubjectsBegun(Plain),
    /// Plain records that entered a state in the period, regardless of later changes.
    Reached(Plain, &'static str),
}

/// A selection of plain records of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain {
    /// Kind of record, as events name it.
    pub kind: &'static str,
    /// Restricts the selection to these kinds, roles or posts; empty for any.
    pub codes: &'static [&'static str],
    /// Restricts the selection to records in one of these states at the end of the day;
    /// empty for any.
    pub states: &'static [&'static str],
}

/// Selects all plain records of a kind.
const fn all(kind: &'static str) -> Plain {
    Plain {
        kind,
        codes: &[],
        states: &[],
    }
}

impl Plain {
    /// Restricts the selection to these kinds, roles or posts.
    const fn of(self, codes: &'static [&'static str]) -> Self {
        Self { codes, ..self }
    }

    /// Restricts the selection to records in one of these states.
    const fn being(self, states: &'static [&'static str]) -> Self {
        Self { states, ..self }
    }
}

impl Figure {
    /// Returns true if the figure can be counted by a period. Figures of what happened allow
    /// any period; figures of what holds on a day only those without a first day.
    pub(crate) fn allows(&self, period: Period) -> bool {
        self.query.counts_what_happened() || !period.has_first_day()
    }

    /// Returns the period to count by: the requested one if it applies to the figure,
    /// otherwise the figure's own.
    pub(crate) fn period_for(&self, asked: Option<Period>) -> Period {
        asked
            .filter(|period| self.allows(*period))
            .unwrap_or(self.period)
    }
}

impl Query {
    /// Returns true if it counts what happened in a period, not what holds on a day.
    fn counts_what_happened(self) -> bool {
        // Without a wildcard, so that a new query has to be classified.
        match self {
            Self::ResponsesStarted
            | Self::OfficialCheckIns
            | Self::Begun(_)
            | Self::Amounts(_)
            | Self::SubjectsBegun(_)
            | Self::Reached(..) => true,
            Self::GridBranches | Self::PeopleInPost(_) | Self::Records(_) | Self::Subjects(_) => {
                false
            }
        }
    }
}

/// Returns the figure with a key.
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
        definition: "Dispatch orders on tickets of the area that were issued to a unit of kind department and first accepted in the period. An order counts once, whatever became of it afterwards.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::ResponsesStarted,
    },
    Figure {
        key: "patrols",
        mechanism: "M2",
        title_zh: "每日巡：巡查",
        title_en: "Patrols",
        counted: "patrol",
        definition: "Patrols of grids of the area that began in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("patrol")),
    },
    Figure {
        key: "field_notes",
        mechanism: "M2",
        title_zh: "及时记：随手记",
        title_en: "Notes taken in the field",
        counted: "field_note",
        definition: "Notes taken in the area in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("field_note")),
    },
    Figure {
        key: "fixed_on_the_spot",
        mechanism: "M2",
        title_zh: "随手做：现场处置",
        title_en: "Fixed on the spot",
        counted: "ticket",
        definition: "Tickets of the area that the person who reported them on patrol put right on the spot in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Reached(all("ticket").of(&["fix_on_the_spot"]), "closed"),
    },
    Figure {
        key: "official_check_ins",
        mechanism: "M3",
        title_zh: "机关党员到社区报到处置",
        title_en: "Officials' check-in visits",
        counted: "visit",
        definition: "Check-in visits to communities of the area in the period that have not been voided. Visits count, not people.",
        version: 2,
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
        definition: "Memberships of co-governance of communities of the area that hold on the as-of date, whatever their part. A membership ends with its unit or resident.",
        version: 2,
        period: Period::AsOf,
        service: "organization",
        query: Query::Records(all("membership")),
    },
    Figure {
        key: "part_time_seats",
        mechanism: "M5",
        title_zh: "社区大党委：兼职委员",
        title_en: "Big committee: part-time members",
        counted: "seat",
        definition: "Seats of big committees of the area that part-time members hold on the as-of date. A seat ends with its unit.",
        version: 2,
        period: Period::AsOf,
        service: "organization",
        query: Query::Records(all("seat").of(&["part_time"])),
    },
    Figure {
        key: "projects_matched",
        mechanism: "M6",
        title_zh: "联席会商：匹配的服务项目",
        title_en: "Joint meetings: projects matched",
        counted: "project",
        definition: "Projects on needs of the area that were matched with what meets the need in the period, whatever became of them afterwards.",
        version: 2,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Reached(all("project"), "matched"),
    },
    Figure {
        key: "project_beneficiaries",
        mechanism: "M6",
        title_zh: "服务项目：受益居民",
        title_en: "Service projects: people who benefited",
        counted: "resident",
        definition: "Residents who benefited from a project of the area in the period, each once, however many projects.",
        version: 2,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::SubjectsBegun(all("beneficiary")),
    },
    Figure {
        key: "deliberations_reviewed",
        mechanism: "M7",
        title_zh: "四方五步议事：办结并评议",
        title_en: "Deliberations reviewed",
        counted: "deliberation",
        definition: "Deliberations of the area that those who raised the problem reviewed in the period, with everything that was assigned over.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Reached(all("deliberation"), "reviewed"),
    },
    Figure {
        key: "council_meetings_held",
        mechanism: "M8",
        title_zh: "党群议事会：近一年场次",
        title_en: "Council meetings held in 12 months",
        counted: "meeting",
        definition: "Council meetings of the area that began in the period and were held as of the end of it. Other kinds of meetings are not counted.",
        version: 2,
        period: Period::PerYear,
        service: "tickets",
        query: Query::Begun(all("meeting").of(&["council"]).being(&["held"])),
    },
    Figure {
        key: RESIDENTS_IN_NEED,
        mechanism: "M9",
        title_zh: "民情图：有需求的居民",
        title_en: "Map of the people's situation: residents in need",
        counted: "resident",
        definition: "Residents of the area with at least one need tag that holds on the as-of date. A resident counts once. A tag ends when its resident has moved away or died.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
        query: Query::Subjects(all("need_tag")),
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
        definition: "People who on the as-of date hold a post of group leader in the area. A person counts once. A post ends with its unit.",
        version: 2,
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
        definition: "People who on the as-of date are head of a Party-member centre household in the area. A person counts once. A post ends with its unit.",
        version: 2,
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
        definition: "People who on the as-of date are full-time grid worker of a grid of the area. A person counts once. The post ends with the grid.",
        version: 2,
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
        definition: "People who on the as-of date are part-time grid worker of a grid of the area. A person counts once. The post ends with the grid.",
        version: 2,
        period: Period::AsOf,
        service: "organization",
        query: Query::PeopleInPost(PART_TIME_GRID_WORKER),
    },
    Figure {
        key: "group_messages",
        mechanism: "M11",
        title_zh: "居民微信群：需回复的消息",
        title_en: "Chat groups: messages that needed a reply",
        counted: "group_message",
        definition: "Messages sent in chat groups of the area in the period, except for those that were dismissed as needing no reply by the end of it.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("group_message").being(&["received", "claimed", "replied"])),
    },
    Figure {
        key: "group_replies_in_time",
        mechanism: "M11",
        title_zh: "居民微信群：1小时内公开回复",
        title_en: "Chat groups: public replies within an hour",
        counted: "group_message",
        definition: "Messages sent in chat groups of the area in the period that were replied to in the group within 60 minutes, even after the end of it.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("group_message").of(&["in_time"])),
    },
    Figure {
        key: "chat_duty_shifts",
        mechanism: "M11",
        title_zh: "居民微信群：24小时轮值班次",
        title_en: "Chat groups: shifts of duty",
        counted: "duty_shift",
        definition: "Shifts of chat duty in the area that began in the period and were not cancelled by the end of it.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("duty_shift").of(&["chat_group"]).being(&["planned"])),
    },
    Figure {
        key: "livelihood_matters",
        mechanism: "M12",
        title_zh: "民生事项：公开办理",
        title_en: "Livelihood matters, all of them public",
        counted: "livelihood_matter",
        definition: "Livelihood matters of the area that were received in the period. Each one has a named handler and a deadline.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("livelihood_matter")),
    },
    Figure {
        key: "livelihood_delivered",
        mechanism: "M12",
        title_zh: "民生事项：已发放、已办结",
        title_en: "Livelihood matters paid or delivered",
        counted: "livelihood_matter",
        definition: "Livelihood matters of the area that were paid or delivered in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Reached(all("livelihood_matter"), "paid_or_delivered"),
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
        query: Query::Records(all("service_post")),
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
        query: Query::Subjects(all("post_holder")),
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
        query: Query::Records(all("team")),
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
        query: Query::Subjects(all("team_member")),
    },
    Figure {
        key: "events_held",
        mechanism: "M15",
        title_zh: "集中志愿服务：场次",
        title_en: "Service events held",
        counted: "service_event",
        definition: "Service events of the area that began in the period and were held as of the end of it.",
        version: 2,
        period: Period::YearToDate,
        service: "volunteers",
        query: Query::Begun(all("service_event").being(&["held"])),
    },
    Figure {
        key: "event_person_times",
        mechanism: "M15",
        title_zh: "集中志愿服务：服务人次",
        title_en: "Service events: person-times served",
        counted: "service_record",
        definition: "Service records at events of the area for services given in the period, except for those that were voided by the end of it. One record is one person-time.",
        version: 2,
        period: Period::YearToDate,
        service: "volunteers",
        query: Query::Begun(all("service_record").of(&["event"]).being(&["recorded"])),
    },
    Figure {
        key: "route_venues",
        mechanism: "M16",
        title_zh: "初心小路：串起的阵地",
        title_en: "The path: venues on it",
        counted: "route_venue",
        definition: "Venues that are on a path of the area on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(all("route_venue")),
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
        query: Query::Subjects(all("provider_contract")),
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
        query: Query::Records(all("station").of(&["centre"])),
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
        query: Query::Records(all("station").of(&["convenience", "agency", "home_care"])),
    },
    Figure {
        key: "deliveries_made",
        mechanism: "M19",
        title_zh: "便民服务站：送货上门",
        title_en: "Convenience station: deliveries made",
        counted: "delivery",
        definition: "Deliveries of stations of the area that were brought in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Reached(all("delivery"), "delivered"),
    },
    Figure {
        key: "station_visits",
        mechanism: "M19",
        title_zh: "便民服务站：进站歇脚",
        title_en: "Convenience station: visits",
        counted: "station_visit",
        definition: "Visits to stations of the area in the period for water, rest, charging and the like. A visit that has a service record is counted there and not here.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Amounts(all("station_visit")),
    },
    Figure {
        key: "recurring_sessions",
        mechanism: "M19",
        title_zh: "每周固定服务",
        title_en: "Sessions every week",
        counted: "recurring_session",
        definition: "Sessions that stations of the area hold every week on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "volunteers",
        query: Query::Records(all("recurring_session")),
    },
    Figure {
        key: "agency_cases_delivered",
        mechanism: "M20",
        title_zh: "政务代办：办结",
        title_en: "Agency cases delivered",
        counted: "agency_case",
        definition: "Agency cases of stations of the area whose result and papers came to the resident in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Reached(all("agency_case"), "delivered"),
    },
    Figure {
        key: "duty_days",
        mechanism: "M20",
        title_zh: "政务代办站：值班人日",
        title_en: "Agency station: days of duty",
        counted: "station_duty",
        definition: "Days of duty in stations of the area in the period, one for each person and day.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Begun(all("station_duty")),
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
        query: Query::Records(all("catalogue_item")),
    },
    Figure {
        key: "subsidy_fen",
        mechanism: "M22",
        title_zh: "政府补助（分）",
        title_en: "Subsidies, in fen",
        counted: "subsidy_entry",
        definition: "What the entries of the subsidy ledgers of stations of the area come to that are dated in the period: paid less paid back, in fen.",
        version: 2,
        period: Period::SinceOpening,
        service: "volunteers",
        query: Query::Amounts(all("subsidy_entry")),
    },
    Figure {
        key: "station_person_times",
        mechanism: "M22",
        title_zh: "站点服务人次",
        title_en: "Stations: person-times served",
        counted: "service_record",
        definition: "Service records at stations of the area for services given in the period, except for those that were voided by the end of it. One record is one person-time; a visit that has one is not counted again.",
        version: 2,
        period: Period::SinceOpening,
        service: "volunteers",
        query: Query::Begun(all("service_record").of(&["station"]).being(&["recorded"])),
    },
    Figure {
        key: "need_matches",
        mechanism: "M23",
        title_zh: "整合资源：供需匹配",
        title_en: "Needs and resources matched",
        counted: "need_match",
        definition: "Needs of the area and resources that were brought together in the period, each time with its reason.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Begun(all("need_match")),
    },
    Figure {
        key: "wishes_confirmed",
        mechanism: "M24",
        title_zh: "微心愿：圆梦",
        title_en: "Wishes come true",
        counted: "wish",
        definition: "Wishes of the area that the person who wished confirmed in the period to have come true.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Reached(all("wish"), "confirmed"),
    },
    Figure {
        key: "field_visits",
        mechanism: "M25",
        title_zh: "走访联系、代办实事",
        title_en: "Visits and errands",
        counted: "field_visit",
        definition: "Visits to residents of the area and errands run for them in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("field_visit")),
    },
    Figure {
        key: "field_errands",
        mechanism: "M25",
        title_zh: "代办实事",
        title_en: "Errands",
        counted: "field_visit",
        definition: "Errands run for residents of the area in the period.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "tickets",
        query: Query::Begun(all("field_visit").of(&["errand"])),
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
        query: Query::Records(all("resident_role")),
    },
    Figure {
        key: "trainings",
        mechanism: "M27",
        title_zh: "志愿者培训",
        title_en: "Training of volunteers",
        counted: "training",
        definition: "Trainings of volunteers of the area in the period, one for each volunteer and training.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Begun(all("training")),
    },
    Figure {
        key: "certified_minutes",
        mechanism: "M27",
        title_zh: "认证志愿服务时长（分钟）",
        title_en: "Certified service, in minutes",
        counted: "shift",
        definition: "Confirmed time of the shifts of the area that began in the period and whose hours were certified as of the end of it, in minutes.",
        version: 2,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
        query: Query::Amounts(all("shift").being(&["certified"])),
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

    #[test]
    fn what_holds_on_a_day_is_counted_by_no_other_period() {
        let of = |name: &str| by_name(name).expect("the figure");
        for period in [Period::YearToDate, Period::PerYear] {
            assert_eq!(of("volunteer_teams").period_for(Some(period)), Period::AsOf);
            assert_eq!(of("trainings").period_for(Some(period)), period);
        }
        assert_eq!(of("trainings").period_for(None), Period::SinceRecordsBegan);
    }
}
