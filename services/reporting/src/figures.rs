//! The definitions of figures: published, versioned, and each drilling down to
//! the records it counts. What a figure counts is its query in
//! `queries/figures`; what it means is said here.

/// The definition of a figure.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Key, by which published figures name it.
    pub key: FigureKey,
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
}

/// Figures by key, so that each has its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FigureKey {
    ResponsesStarted,
    OfficialCheckIns,
    GridBranches,
    GroupLeaders,
    CentreHouseholdHeads,
    FullTimeGridWorkers,
    PartTimeGridWorkers,
}

/// Periods, numbered as in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// What holds on the as-of date.
    AsOf = 1,
    /// Since records began.
    SinceRecordsBegan = 5,
}

impl FigureKey {
    /// The key as contracts and files bear it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ResponsesStarted => "responses_started",
            Self::OfficialCheckIns => "official_check_ins",
            Self::GridBranches => "grid_branches",
            Self::GroupLeaders => "group_leaders",
            Self::CentreHouseholdHeads => "centre_household_heads",
            Self::FullTimeGridWorkers => "full_time_grid_workers",
            Self::PartTimeGridWorkers => "part_time_grid_workers",
        }
    }
}

/// The figure with a key.
pub(crate) fn by_name(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.key.name() == name)
}

/// Every figure, in the order of the mechanisms.
pub(crate) static FIGURES: &[Figure] = &[
    Figure {
        key: FigureKey::ResponsesStarted,
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
    },
    Figure {
        key: FigureKey::OfficialCheckIns,
        mechanism: "M3",
        title_zh: "机关党员到社区报到处置",
        title_en: "Officials' check-in visits",
        counted: "visit",
        definition: "Check-in visits to communities of the area by the end of the as-of date that \
                     have not been voided. Visits count, not people.",
        version: 1,
        period: Period::SinceRecordsBegan,
        service: "volunteers",
    },
    Figure {
        key: FigureKey::GridBranches,
        mechanism: "M10",
        title_zh: "五级管理体系：网格党支部",
        title_en: "Five levels: grid branches",
        counted: "unit",
        definition: "Units of kind grid branch of the area that exist on the as-of date.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
    },
    Figure {
        key: FigureKey::GroupLeaders,
        mechanism: "M10",
        title_zh: "五级管理体系：党小组长",
        title_en: "Five levels: group leaders",
        counted: "person",
        definition: "People who on the as-of date hold a post of group leader in the area. A \
                     person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
    },
    Figure {
        key: FigureKey::CentreHouseholdHeads,
        mechanism: "M10",
        title_zh: "五级管理体系：党员中心户",
        title_en: "Five levels: centre households",
        counted: "person",
        definition: "People who on the as-of date are head of a Party-member centre household in \
                     the area. A person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
    },
    Figure {
        key: FigureKey::FullTimeGridWorkers,
        mechanism: "M10",
        title_zh: "专职网格员",
        title_en: "Full-time grid workers",
        counted: "person",
        definition: "People who on the as-of date are full-time grid worker of a grid of the \
                     area. A person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
    },
    Figure {
        key: FigureKey::PartTimeGridWorkers,
        mechanism: "M10",
        title_zh: "党员兼职网格员",
        title_en: "Part-time Party-member grid workers",
        counted: "person",
        definition: "People who on the as-of date are part-time grid worker of a grid of the \
                     area. A person counts once.",
        version: 1,
        period: Period::AsOf,
        service: "organization",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_found() {
        for figure in FIGURES {
            let found = by_name(figure.key.name()).expect("the figure");
            assert_eq!(found.key, figure.key);
        }
        assert!(by_name("unheard_of").is_none());
    }
}
