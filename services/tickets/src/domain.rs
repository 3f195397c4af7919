//! What a ticket may become and when it is due. Pure decisions: no database,
//! no network, no clock of its own.

pub mod act;
pub mod category;
pub mod clock;
pub mod denied;
pub mod order;
pub mod order_state;
pub mod past;
pub mod report;
pub mod ticket;
pub mod ticket_state;
