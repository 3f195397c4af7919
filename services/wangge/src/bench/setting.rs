//! The setting of the measured tickets: a community, a category and a unit of the running
//! system, found through its public contracts.

use anyhow::{Context as _, Result};
use tonic::Code;
use wangge_api::{
    organization::v1::{
        Area, AreaKind, ListAreasRequest, ListUnitsRequest, LocateAreaRequest, UnitKind,
        area_service_client::AreaServiceClient, unit_service_client::UnitServiceClient,
    },
    tickets::v1::{
        ListCategoriesRequest, Ticket, TicketSource, category_service_client::CategoryServiceClient,
    },
};
use wangge_client::{ServiceChannel, retry};

use crate::connect::{Channels, refused};

/// Error message with its fix.
const NOTHING_THERE: &str = "the system has no records to work with: run `wangge up --demo`";

/// Titles and descriptions of the reported matters.
const MATTERS: [(&str, &str); 4] = [
    (
        "楼道堆物影响通行",
        "三楼至四楼楼道堆放旧家具和纸箱，占用消防通道，影响居民出行，请安排人员上门核实并清理。",
    ),
    (
        "垃圾桶旁垃圾未清",
        "小区东侧垃圾桶旁生活垃圾堆积，气味较大，请尽快联系保洁人员清运并冲洗地面。",
    ),
    (
        "路灯不亮",
        "小区北门至健身广场一段路灯连续三晚不亮，老人夜间出行不便，请联系物业检修。",
    ),
    (
        "电动车飞线充电",
        "有居民从窗口拉线给电动车充电，存在火灾隐患，请社区上门劝导并协调增设充电桩。",
    ),
];

/// The setting of the measured tickets.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Code of a community that exists on the system.
    pub community: String,
    /// Code of the area that reports name: the community if its address book resolves to a
    /// grid, otherwise a grid.
    pub area: String,
    /// Code of a category of tickets.
    pub category: String,
    /// Id of the unit that receives orders.
    pub unit: String,
    /// Prefix of addresses: the name of an estate.
    estate: String,
}

impl Setting {
    /// Finds a setting in the running system.
    pub(crate) async fn find(channels: &Channels) -> Result<Self> {
        let organization = channels.organization.clone();
        let community = first_area(&organization, AreaKind::Community, "").await?;
        let estate = community.name.trim_end_matches("社区").to_owned();
        // Reports should be routed to a grid, by address if possible.
        let area = if is_in_address_book(&organization, &address(&estate, 1)).await? {
            community.code.clone()
        } else {
            first_area(&organization, AreaKind::Grid, &community.code)
                .await?
                .code
        };
        Ok(Self {
            category: first_category(&channels.tickets).await?,
            unit: first_unit(&organization).await?,
            community: community.code,
            area,
            estate,
        })
    }

    /// Returns a report that depends only on its number.
    pub(crate) fn report(&self, number: usize) -> Ticket {
        let (title, description) = MATTERS[number % MATTERS.len()];
        Ticket {
            source: TicketSource::Resident.into(),
            category_code: self.category.clone(),
            title: title.to_owned(),
            description: description.to_owned(),
            address: address(&self.estate, number),
            area_code: self.area.clone(),
            ..Ticket::default()
        }
    }
}

fn address(estate: &str, number: usize) -> String {
    format!("{estate}{}幢{}单元附近", number % 20 + 1, number % 3 + 1)
}

async fn first_area(channel: &ServiceChannel, kind: AreaKind, within: &str) -> Result<Area> {
    let request = ListAreasRequest {
        page_size: 1000,
        within_code: within.to_owned(),
        kind: kind.into(),
        ..ListAreasRequest::default()
    };
    let answer = retry(|| {
        let (mut client, request) = (AreaServiceClient::new(channel.clone()), request.clone());
        async move { client.list_areas(request).await }
    })
    .await
    .map_err(refused)?;
    let areas = answer.into_inner().areas;
    areas
        .into_iter()
        // Ended areas are listed as well, but can't be named by new reports.
        .find(|area| area.end_date.is_none())
        .context(NOTHING_THERE)
}

async fn is_in_address_book(channel: &ServiceChannel, address: &str) -> Result<bool> {
    let request = LocateAreaRequest {
        address: address.to_owned(),
        ..LocateAreaRequest::default()
    };
    match AreaServiceClient::new(channel.clone())
        .locate_area(request)
        .await
    {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(refused(status)),
    }
}

async fn first_unit(channel: &ServiceChannel) -> Result<String> {
    // Preferably a department, the usual recipient of orders.
    for kind in [UnitKind::Department, UnitKind::Unspecified] {
        let request = ListUnitsRequest {
            page_size: 1000,
            kind: kind.into(),
            ..ListUnitsRequest::default()
        };
        let answer = UnitServiceClient::new(channel.clone())
            .list_units(request)
            .await;
        let units = answer.map_err(refused)?.into_inner().units;
        if let Some(unit) = units.into_iter().find(|unit| unit.end_date.is_none()) {
            return Ok(unit.id);
        }
    }
    anyhow::bail!(NOTHING_THERE)
}

async fn first_category(channel: &ServiceChannel) -> Result<String> {
    let answer = CategoryServiceClient::new(channel.clone())
        .list_categories(ListCategoriesRequest::default())
        .await
        .map_err(refused)?;
    let first = answer.into_inner().categories.into_iter().next();
    Ok(first.context(NOTHING_THERE)?.code)
}
