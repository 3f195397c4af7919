//! Estates, households and residents; their needs and roles.

use tonic::{Code, Status};
use wangge_api::organization::v1::{
    AreaKind, Building, CreateBuildingRequest, CreateEstateRequest, CreateHouseholdRequest,
    CreateNeedTagRequest, CreateResidentRequest, CreateResidentRoleRequest, EndBuildingRequest,
    EndHouseholdRequest, EndNeedTagRequest, Estate, GetResidentRequest, Household,
    ListHouseholdsRequest, ListNeedCountsRequest, ListNeedTagsRequest, NeedCount, NeedKind,
    NeedTag, NeedTeam, Resident, ResidentRole, ResidentRoleKind, UnitKind, UpdateBuildingRequest,
    UpdateEstateRequest, UpdateHouseholdRequest, UpdateNeedTagRequest, UpdateResidentRequest,
};

use crate::support::*;

/// A resident of the first grid, with the household, building and estate.
pub(crate) struct Home {
    pub(crate) world: World,
    estate: Estate,
    pub(crate) building: Building,
    pub(crate) household: Household,
    pub(crate) resident: Resident,
}

fn estate() -> Estate {
    Estate {
        name: "和平里".into(),
        area_code: COMMUNITY.into(),
        start_date: date(2020, 1, 1),
        ..Estate::default()
    }
}

fn building(estate_id: &str, area_code: &str) -> Building {
    Building {
        estate_id: estate_id.into(),
        name: "1幢".into(),
        area_code: area_code.into(),
        start_date: date(2020, 1, 1),
        ..Building::default()
    }
}

pub(crate) fn household(building_id: &str) -> Household {
    Household {
        building_id: building_id.into(),
        room: "1单元101室".into(),
        start_date: date(2020, 1, 1),
        ..Household::default()
    }
}

fn resident(household_id: &str) -> Resident {
    Resident {
        household_id: household_id.into(),
        name: "张戊一".into(),
        start_date: date(2020, 1, 1),
        ..Resident::default()
    }
}

pub(crate) fn tag(resident_id: &str, kind: NeedKind) -> NeedTag {
    NeedTag {
        resident_id: resident_id.into(),
        kind: kind.into(),
        team: NeedTeam::PartyMembers.into(),
        start_date: date(2022, 1, 1),
        ..NeedTag::default()
    }
}

impl Home {
    pub(crate) async fn start() -> Self {
        let world = World::with_tree().await;
        let estate = make_estate(&world, estate()).await.expect("an estate");
        let given = building(&estate.id, GRID);
        let building = make_building(&world, given).await.expect("a building");
        let given = household(&building.id);
        let household = make_household(&world, given).await.expect("a household");
        let given = resident(&household.id);
        let resident = make_resident(&world, given).await.expect("a resident");
        Self {
            world,
            estate,
            building,
            household,
            resident,
        }
    }

    pub(crate) async fn tag(&self, tag: NeedTag) -> Result<NeedTag, Status> {
        let request = CreateNeedTagRequest {
            request_id: request_id(),
            need_tag: Some(tag),
        };
        let answer = self.world.residents("").create_need_tag(request).await?;
        Ok(answer.into_inner())
    }

    async fn counts(&self, area: &str, day: i32) -> Vec<(String, NeedKind, i64, i64)> {
        let request = ListNeedCountsRequest {
            on_date: date(2022, 7, day),
            ..ListNeedCountsRequest::default()
        };
        let answer = self.world.residents(area).list_need_counts(request).await;
        let counts = answer.expect("counts").into_inner().need_counts;
        let of = |count: NeedCount| {
            let kind = count.kind();
            (
                count.area_code,
                kind,
                count.resident_count,
                count.household_count,
            )
        };
        counts.into_iter().map(of).collect()
    }
}

async fn make_estate(world: &World, estate: Estate) -> Result<Estate, Status> {
    let request = CreateEstateRequest {
        request_id: request_id(),
        estate: Some(estate),
    };
    Ok(world.estates("").create_estate(request).await?.into_inner())
}

async fn make_building(world: &World, building: Building) -> Result<Building, Status> {
    let request = CreateBuildingRequest {
        request_id: request_id(),
        building: Some(building),
    };
    let answer = world.estates("").create_building(request).await?;
    Ok(answer.into_inner())
}

pub(crate) async fn make_household(
    world: &World,
    household: Household,
) -> Result<Household, Status> {
    let request = CreateHouseholdRequest {
        request_id: request_id(),
        household: Some(household),
    };
    let answer = world.estates("").create_household(request).await?;
    Ok(answer.into_inner())
}

async fn make_resident(world: &World, resident: Resident) -> Result<Resident, Status> {
    let request = CreateResidentRequest {
        request_id: request_id(),
        resident: Some(resident),
    };
    let answer = world.residents("").create_resident(request).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn a_record_lies_where_the_one_above_lies() {
    let home = Home::start().await;
    assert_eq!(home.household.area_code, GRID);
    assert_eq!(home.resident.area_code, GRID);
    let tag = home.tag(tag(&home.resident.id, NeedKind::Disabled)).await;
    assert_eq!(tag.expect("a tag").area_code, GRID);
    // An area in the request is ignored.
    let given = Household {
        area_code: OTHER_GRID.into(),
        room: "1单元102室".into(),
        ..household(&home.building.id)
    };
    let made = make_household(&home.world, given).await.expect("made");
    assert_eq!(made.area_code, GRID);
    // So a caller outside that area can't reach it.
    let request = GetResidentRequest {
        id: home.resident.id.clone(),
    };
    let mut elsewhere = home.world.residents(OTHER_GRID);
    let hidden = elsewhere.get_resident(request).await;
    assert_eq!(refusal(hidden), expected("RECORD_NOT_FOUND", &[]));
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let home = Home::start().await;
    let world = &home.world;
    let nothing = make_estate(world, Estate::default()).await;
    let fields = ["estate.name", "estate.area_code", "estate.start_date"];
    assert_eq!(refusal(nothing), expected("FIELD_INVALID", &fields));
    let nothing = home.tag(NeedTag::default()).await;
    let fields = ["resident_id", "kind", "team", "start_date"].map(|f| format!("need_tag.{f}"));
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    assert_eq!(refusal(nothing), expected("FIELD_INVALID", &fields));
    let backwards = Estate {
        end_date: date(2019, 1, 1),
        ..estate()
    };
    let refused = refusal(make_estate(world, backwards).await);
    assert_eq!(refused, expected("FIELD_INVALID", &["estate.end_date"]));
    let nul = Resident {
        name: "张\0".into(),
        ..resident(&home.household.id)
    };
    let refused = refusal(make_resident(world, nul).await);
    assert_eq!(refused, expected("FIELD_INVALID", &["resident.name"]));
    let unsaid = refusal(home.tag(tag(&home.resident.id, NeedKind::Other)).await);
    assert_eq!(unsaid, expected("FIELD_INVALID", &["need_tag.note"]));
}

#[tokio::test]
async fn what_a_record_names_must_be_there_and_of_the_right_kind() {
    let home = Home::start().await;
    let world = &home.world;
    let nowhere = refusal(make_household(world, household(&new_id())).await);
    let unknown = |field| expected("REFERENCE_UNKNOWN", &[field]);
    assert_eq!(nowhere, unknown("household.building_id"));
    let in_community = refusal(make_building(world, building(&home.estate.id, COMMUNITY)).await);
    assert_eq!(
        in_community,
        expected("FIELD_INVALID", &["building.area_code"])
    );
    let in_grid = Estate {
        area_code: GRID.into(),
        ..estate()
    };
    let refused = refusal(make_estate(world, in_grid).await);
    assert_eq!(refused, expected("FIELD_INVALID", &["estate.area_code"]));
    let committee = unit("COMMITTEE", UnitKind::Committee, "", COMMUNITY);
    let committee = world.make_unit(committee).await.expect("a unit");
    let managed = Estate {
        property_company_id: committee.id,
        ..estate()
    };
    let refused = refusal(make_estate(world, managed.clone()).await);
    let field = "estate.property_company_id";
    assert_eq!(refused, expected("FIELD_INVALID", &[field]));
    // An update can't set it either.
    for (company, reason) in [
        (managed.property_company_id, "FIELD_INVALID"),
        (new_id(), "REFERENCE_UNKNOWN"),
    ] {
        let request = UpdateEstateRequest {
            request_id: request_id(),
            estate: Some(Estate {
                property_company_id: company,
                ..home.estate.clone()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["property_company_id".to_owned()],
            }),
        };
        let refused = refusal(world.estates("").update_estate(request).await);
        assert_eq!(refused, expected(reason, &[field]));
    }
}

#[tokio::test]
async fn a_resident_has_a_tag_of_a_kind_once_at_a_time() {
    let home = Home::start().await;
    let first = home.tag(tag(&home.resident.id, NeedKind::Disabled)).await;
    let first = first.expect("a tag");
    let again = home.tag(tag(&home.resident.id, NeedKind::Disabled)).await;
    let status = again.expect_err("tagged already");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(wangge_testkit::reason(&status), "GUARD_FAILED");
    assert!(
        status.message().contains("on some of these days"),
        "{status:?}"
    );
    let other = home.tag(tag(&home.resident.id, NeedKind::LowIncome)).await;
    other.expect("another kind");
    let request = EndNeedTagRequest {
        request_id: request_id(),
        id: first.id.clone(),
        end_date: date(2022, 6, 1),
        etag: first.etag.clone(),
        correction_reason: String::new(),
    };
    let mut residents = home.world.residents("");
    let ended = residents.end_need_tag(request.clone()).await;
    assert_eq!(ended.expect("ended").into_inner().revision, 2);
    let twice = EndNeedTagRequest {
        request_id: request_id(),
        etag: String::new(),
        ..request.clone()
    };
    let twice = refusal(residents.end_need_tag(twice).await);
    assert_eq!(twice, expected("STATE_CONFLICT", &[]));
    let stale = EndNeedTagRequest {
        request_id: request_id(),
        ..request
    };
    let stale = refusal(residents.end_need_tag(stale).await);
    assert_eq!(stale, expected("ETAG_MISMATCH", &[]));
    let behind = NeedTag {
        start_date: date(2022, 6, 1),
        ..tag(&home.resident.id, NeedKind::Disabled)
    };
    home.tag(behind).await.expect("from the day of the end on");
}

#[tokio::test]
async fn of_many_who_tag_at_once_one_does() {
    let home = Home::start().await;
    let tags = (0..16).map(|_| home.tag(tag(&home.resident.id, NeedKind::LivesAlone)));
    let answers = futures::future::join_all(tags).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(made, 1);
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(answer), expected("GUARD_FAILED", &[]));
    }
}

#[tokio::test]
async fn a_role_is_held_once_at_a_time() {
    let home = Home::start().await;
    let role = |kind: ResidentRoleKind| CreateResidentRoleRequest {
        request_id: request_id(),
        resident_role: Some(ResidentRole {
            resident_id: home.resident.id.clone(),
            kind: kind.into(),
            start_date: date(2022, 1, 1),
            ..ResidentRole::default()
        }),
    };
    let mut residents = home.world.residents("");
    let mediator = role(ResidentRoleKind::Mediator);
    residents.create_resident_role(mediator).await.expect("one");
    let again = role(ResidentRoleKind::Mediator);
    let again = guard(residents.create_resident_role(again).await);
    assert_eq!(again.as_deref(), Some("ROLE_HELD_ALREADY"));
    let head = role(ResidentRoleKind::TeamHead);
    residents.create_resident_role(head).await.expect("another");
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    let home = Home::start().await;
    let mut residents = home.world.residents("");
    let mask = |path: &str| {
        Some(prost_types::FieldMask {
            paths: vec![path.to_owned()],
        })
    };
    let request = UpdateResidentRequest {
        request_id: request_id(),
        resident: Some(Resident {
            name: "张戊二".into(),
            is_party_member: true,
            ..home.resident.clone()
        }),
        update_mask: mask("is_party_member"),
    };
    let updated = residents.update_resident(request).await.expect("updated");
    let updated = updated.into_inner();
    assert_eq!(
        (updated.name.as_str(), updated.is_party_member),
        ("张戊一", true)
    );
    assert_eq!(updated.revision, 2);
    for path in ["household_id", "area_code", "unheard_of"] {
        let request = UpdateResidentRequest {
            request_id: request_id(),
            resident: Some(updated.clone()),
            update_mask: mask(path),
        };
        let refused = refusal(residents.update_resident(request).await);
        assert_eq!(
            refused,
            expected("FIELD_INVALID", &["update_mask"]),
            "{path}"
        );
    }
    let other = NeedTag {
        note: "每周上门一次".into(),
        ..tag(&home.resident.id, NeedKind::Other)
    };
    let other = home.tag(other).await.expect("a tag");
    let request = UpdateNeedTagRequest {
        request_id: request_id(),
        need_tag: Some(NeedTag {
            note: " ".into(),
            ..other
        }),
        update_mask: mask("note"),
    };
    let refused = refusal(residents.update_need_tag(request).await);
    assert_eq!(refused, expected("FIELD_INVALID", &["need_tag.note"]));
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let home = Home::start().await;
    let mut ids = vec![home.household.id.clone()];
    for number in 0..4 {
        let given = Household {
            room: format!("1单元{}室", 102 + number),
            start_date: date(2021 + number, 1, 1),
            ..household(&home.building.id)
        };
        ids.push(make_household(&home.world, given).await.expect("made").id);
    }
    ids.reverse();
    let mut estates = home.world.estates("");
    let mut request = ListHouseholdsRequest {
        page_size: 2,
        building_id: home.building.id.clone(),
        ..ListHouseholdsRequest::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = estates
            .list_households(request.clone())
            .await
            .expect("a page");
        let page = page.into_inner();
        listed.extend(page.households.into_iter().map(|household| household.id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, ids);
    request.building_id = new_id();
    let foreign = refusal(estates.list_households(request.clone()).await);
    assert_eq!(foreign, expected("PAGE_TOKEN_INVALID", &["page_token"]));
    request.page_token.clear();
    let none = estates.list_households(request).await.expect("a page");
    assert!(none.into_inner().households.is_empty());
    let on = ListHouseholdsRequest {
        on_date: date(2022, 7, 28),
        ..ListHouseholdsRequest::default()
    };
    let on = estates.list_households(on).await.expect("a page");
    assert_eq!(on.into_inner().households.len(), 3);
}

#[tokio::test]
async fn needs_are_counted_by_grid_and_name_nobody() {
    let home = Home::start().await;
    home.world
        .make_area(area("320402003006", AreaKind::Community, STREET))
        .await
        .expect("made");
    let neighbour = resident(&home.household.id);
    let neighbour = make_resident(&home.world, neighbour).await.expect("made");
    let other = Building {
        name: "2幢".into(),
        ..building(&home.estate.id, OTHER_GRID)
    };
    let other = make_building(&home.world, other).await.expect("made");
    let other = make_household(&home.world, household(&other.id))
        .await
        .expect("made");
    let other = make_resident(&home.world, resident(&other.id))
        .await
        .expect("made");
    for (resident, kind) in [
        (&home.resident, NeedKind::Disabled),
        (&home.resident, NeedKind::LowIncome),
        (&neighbour, NeedKind::Disabled),
        (&other, NeedKind::Disabled),
    ] {
        home.tag(tag(&resident.id, kind)).await.expect("a tag");
    }
    let later = NeedTag {
        start_date: date(2022, 7, 29),
        ..tag(&other.id, NeedKind::LivesAlone)
    };
    home.tag(later).await.expect("a tag");
    let first = [
        (GRID.to_owned(), NeedKind::Disabled, 2, 1),
        (GRID.to_owned(), NeedKind::LowIncome, 1, 1),
    ];
    let second = (OTHER_GRID.to_owned(), NeedKind::Disabled, 1, 1);
    let all = [first.to_vec(), vec![second.clone()]].concat();
    assert_eq!(home.counts("", 28).await, all);
    assert_eq!(home.counts(GRID, 28).await, first);
    assert_eq!(home.counts("320402003006", 28).await, []);
    let alone = (OTHER_GRID.to_owned(), NeedKind::LivesAlone, 1, 1);
    let on_the_day = [first.to_vec(), vec![alone, second]].concat();
    assert_eq!(home.counts("", 29).await, on_the_day);
    let request = ListNeedTagsRequest {
        resident_id: home.resident.id.clone(),
        ..ListNeedTagsRequest::default()
    };
    let tags = home.world.residents("").list_need_tags(request).await;
    assert_eq!(tags.expect("tags").into_inner().need_tags.len(), 2);
}

#[tokio::test]
async fn an_estate_has_one_building_of_a_name_at_a_time() {
    let home = Home::start().await;
    let same = || Building {
        start_date: date(2021, 1, 1),
        ..building(&home.estate.id, OTHER_GRID)
    };
    let again = make_building(&home.world, same()).await;
    assert_eq!(guard(again).as_deref(), Some("NAME_TAKEN"));
    let second = Building {
        name: "2幢".into(),
        ..same()
    };
    let second = make_building(&home.world, second).await.expect("a second");
    let mut estates = home.world.estates("");
    let rename = |id: &str, name: &str| UpdateBuildingRequest {
        request_id: request_id(),
        building: Some(Building {
            id: id.to_owned(),
            name: name.to_owned(),
            ..Building::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".to_owned()],
        }),
    };
    let renamed = estates.update_building(rename(&second.id, "1幢")).await;
    assert_eq!(guard(renamed).as_deref(), Some("NAME_TAKEN"));
    let renamed = estates.update_building(rename(&second.id, "3幢")).await;
    renamed.expect("a free name");
    let end = EndBuildingRequest {
        request_id: request_id(),
        id: home.building.id.clone(),
        end_date: date(2022, 7, 1),
        ..EndBuildingRequest::default()
    };
    estates.end_building(end).await.expect("pulled down");
    let next = Building {
        start_date: date(2022, 7, 1),
        ..same()
    };
    make_building(&home.world, next).await.expect("a new one");
    let elsewhere = Estate {
        name: "安乐里".into(),
        ..estate()
    };
    let elsewhere = make_estate(&home.world, elsewhere)
        .await
        .expect("an estate");
    let other = building(&elsewhere.id, GRID);
    make_building(&home.world, other)
        .await
        .expect("of another estate");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_move_in_behind_one_door_one_does() {
    let home = Home::start().await;
    let again = make_household(&home.world, household(&home.building.id)).await;
    assert_eq!(guard(again).as_deref(), Some("DOOR_TAKEN"));
    let next_door = || Household {
        room: "1单元102室".into(),
        ..household(&home.building.id)
    };
    let all = (0..16).map(|_| make_household(&home.world, next_door()));
    let answers = futures::future::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(made, 1);
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(guard(answer).as_deref(), Some("DOOR_TAKEN"));
    }
}

/// Duplicates that were created before the guard existed.
#[tokio::test]
async fn two_households_of_old_behind_one_door_can_be_told_apart() {
    let home = Home::start().await;
    let twin = Household {
        room: "1单元102室".into(),
        ..household(&home.building.id)
    };
    let twin = make_household(&home.world, twin)
        .await
        .expect("a household");
    sqlx::query("update household set room = $1 where id = $2")
        .bind(&home.household.room)
        .bind(twin.id.parse::<uuid::Uuid>().expect("an id"))
        .execute(&home.world.database.calls)
        .await
        .expect("a twin");
    let mut estates = home.world.estates("");
    let end = EndHouseholdRequest {
        request_id: request_id(),
        id: twin.id.clone(),
        end_date: date(2022, 7, 1),
        ..EndHouseholdRequest::default()
    };
    estates.end_household(end).await.expect("ended");
    let rename = UpdateHouseholdRequest {
        request_id: request_id(),
        household: Some(Household {
            id: twin.id,
            room: "1单元103室".into(),
            ..Household::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["room".to_owned()],
        }),
    };
    estates.update_household(rename).await.expect("told apart");
}

#[tokio::test]
async fn an_etag_fits_the_record_that_was_read_and_no_other() {
    let home = Home::start().await;
    let next = Building {
        name: "2幢".into(),
        ..building(&home.estate.id, GRID)
    };
    let next = make_building(&home.world, next).await.expect("a building");
    assert_eq!(next.revision, home.building.revision);
    let mut estates = home.world.estates("");
    let rename = |etag: &str, name: &str| UpdateBuildingRequest {
        request_id: request_id(),
        building: Some(Building {
            id: home.building.id.clone(),
            name: name.to_owned(),
            etag: etag.to_owned(),
            ..Building::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".to_owned()],
        }),
    };
    for other in [&next.etag, &home.estate.etag, "\"1\"", "1"] {
        let refused = refusal(estates.update_building(rename(other, "3幢")).await);
        assert_eq!(refused, expected("ETAG_MISMATCH", &[]), "{other}");
    }
    // A restored database has another history with the same revision.
    let name = async |name: &str| {
        sqlx::query("update building set name = $1 where id = $2")
            .bind(name)
            .bind(home.building.id.parse::<uuid::Uuid>().expect("an id"))
            .execute(&home.world.database.calls)
            .await
            .expect("another past");
    };
    name("9幢").await;
    let refused = refusal(
        estates
            .update_building(rename(&home.building.etag, "3幢"))
            .await,
    );
    assert_eq!(refused, expected("ETAG_MISMATCH", &[]));
    name(&home.building.name).await;
    let renamed = estates
        .update_building(rename(&home.building.etag, "3幢"))
        .await;
    assert_eq!(renamed.expect("as it was read").into_inner().revision, 2);
}
