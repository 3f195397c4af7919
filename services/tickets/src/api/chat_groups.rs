//! Handlers of `ChatService`: chat groups and their messages.

use wangge_api::tickets::v1::{self as proto, server::chat_service_server::ChatService};
use wangge_record_api::{proto_mapping, record_service};

use crate::{
    App,
    domain::{chat_group::ChatGroup, group_message::GroupMessage},
};

/// Implements `ChatService` for chat groups and their messages.
#[derive(Debug, Clone)]
pub(crate) struct ChatGroups(pub App);

proto_mapping! {
    ChatGroup = proto::ChatGroup { name, start_date, end_date }
    change { name }
}
proto_mapping! {
    GroupMessage = proto::GroupMessage { chat_group_id, text, sent_time, person_id, reply, ticket_id, source_message_id }
    change {  } states
}

record_service! {
    ChatService for ChatGroups {
        create create_chat_group(proto::CreateChatGroupRequest, chat_group): ChatGroup,
        get get_chat_group(proto::GetChatGroupRequest): ChatGroup,
        list list_chat_groups(proto::ListChatGroupsRequest) on on_date
            -> proto::ListChatGroupsResponse, chat_groups: ChatGroup,
        update update_chat_group(proto::UpdateChatGroupRequest, chat_group): ChatGroup,
        end end_chat_group(proto::EndChatGroupRequest): ChatGroup,

        create create_group_message(proto::CreateGroupMessageRequest, group_message): GroupMessage,
        get get_group_message(proto::GetGroupMessageRequest): GroupMessage,
        list list_group_messages(proto::ListGroupMessagesRequest) by chat_group_id in state
            -> proto::ListGroupMessagesResponse, group_messages: GroupMessage,
        act claim_group_message(proto::ClaimGroupMessageRequest, Claim): GroupMessage => sets { person_id },
        act hand_over_group_message(proto::HandOverGroupMessageRequest, HandOver): GroupMessage => sets { person_id } because reason,
        act reply_group_message(proto::ReplyGroupMessageRequest, Reply): GroupMessage => sets { reply, ticket_id },
        act dismiss_group_message(proto::DismissGroupMessageRequest, Dismiss): GroupMessage => because reason,
    }
}
