//! Checks that areas and categories that a folder references but doesn't define exist
//! on the platform; otherwise the rows that reference them can't be imported.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use tonic::Code;
use wangge_api::{
    organization::v1::{self as organization, Area, AreaKind, GetAreaRequest},
    tickets::v1::{self as tickets, ListCategoriesRequest},
};

use super::records::{Named, Problem, Records};
use crate::connect::{Channels, refused};

/// Page size for the list of categories.
const PAGE: i32 = 1000;

/// Looks up the references that the folder doesn't define. Returns the problems of those
/// that don't exist, and the areas that were found.
pub(super) async fn check(
    channels: &Channels,
    records: &Records,
) -> Result<(Vec<Problem>, Vec<Area>)> {
    let named = |kind| -> Vec<&Named> {
        let named = records.elsewhere.iter();
        named.filter(|one| one.kind == kind).collect()
    };
    let (mut problems, areas) = areas(channels, &named("area")).await?;
    problems.extend(categories(channels, &named("category")).await?);
    Ok((problems, areas))
}

async fn areas(channels: &Channels, named: &[&Named]) -> Result<(Vec<Problem>, Vec<Area>)> {
    let mut known: HashMap<&str, Option<Area>> = HashMap::new();
    let mut client =
        organization::area_service_client::AreaServiceClient::new(channels.organization.clone());
    for area in named {
        let code = area.code.as_str();
        // Many rows reference the same few areas: one call for each code.
        if known.contains_key(code) {
            continue;
        }
        let request = GetAreaRequest {
            code: code.to_owned(),
        };
        let found = match client.get_area(request).await {
            Ok(found) => Some(found.into_inner()),
            // An invalid code can't exist, either: it is reported like an unknown one.
            Err(status) if [Code::NotFound, Code::InvalidArgument].contains(&status.code()) => None,
            Err(status) => return Err(refused(status)),
        };
        known.insert(code, found);
    }
    let missing = named.iter().filter(|area| {
        let found = known.get(area.code.as_str()).and_then(Option::as_ref);
        // Only dataset.csv has a column `value`: its own area must be a community.
        found.is_none_or(|found| area.column == "value" && found.kind() != AreaKind::Community)
    });
    let problems = missing
        .map(|area| {
            let why = if area.column == "value" {
                "area_code is not a community in areas.csv or on the platform"
            } else {
                "is not an area in areas.csv or on the platform"
            };
            area.origin.problem(area.column, "REFERENCE_UNKNOWN", why)
        })
        .collect();
    Ok((problems, known.into_values().flatten().collect()))
}

async fn categories(channels: &Channels, named: &[&Named]) -> Result<Vec<Problem>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    // There is no lookup by code, so all categories are listed.
    let mut client =
        tickets::category_service_client::CategoryServiceClient::new(channels.tickets.clone());
    let mut known = HashSet::new();
    let mut page_token = String::new();
    loop {
        let request = ListCategoriesRequest {
            page_size: PAGE,
            page_token,
        };
        let page = client
            .list_categories(request)
            .await
            .map_err(refused)?
            .into_inner();
        known.extend(page.categories.into_iter().map(|category| category.code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let why = "is not a category in categories.csv or on the platform";
    Ok(named
        .iter()
        .filter(|category| !known.contains(&category.code))
        .map(|category| {
            let (origin, column) = (&category.origin, category.column);
            origin.problem(column, "REFERENCE_UNKNOWN", why)
        })
        .collect())
}
