//! Conversion of published figures, which have no service: they are imported only.

use wangge_api::organization::v1 as proto;
use wangge_record_api::{proto_enum, proto_mapping};

use crate::domain::figure::{FigureBound, FigurePeriod, PublishedFigure};

proto_enum!(FigureBound, FigurePeriod);
proto_mapping! {
    PublishedFigure = proto::PublishedFigure { figure_key, value, bound, period, as_of_date }
    change {}
}
