//! Faces agents: who is asking (client), in whose name (subject), on whose behalf (actor), for what (target), may they
//! (policy) - and then the exchange. Also our own authorization code grant and the decisions that people make.
//!
//! One exchange, in order: [`AuthorizationServer::token`] authenticates the client, verifies the subject, finds the
//! target, asks [`policy::decide`] for a permit, takes a warm token or has it refreshed, and releases it through the
//! recorder. Each step hands the next a value that only it can make.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod actor;
mod admin_client_change;
mod admin_client_secrets;
mod admin_clients;
mod admin_delegations;
mod authorization_server;
mod authorize;
mod client_auth;
mod clients;
mod code;
mod code_challenge;
mod connections_view;
mod decisions;
mod exchange;
mod interaction;
mod interaction_view;
mod known;
mod leave;
mod metadata;
mod own_token;
mod own_tokens;
pub mod policy;
mod refusal;
mod reply;
mod situation;
mod subject;
mod target;
mod usability;
mod uses;

pub use admin_client_change::ClientChange;
pub use admin_client_secrets::NewClientSecret;
pub use admin_clients::{ClientRefusal, ClientRequest};
pub use authorization_server::{AuthorizationServer, ExchangeOptions, Parts, TokenCall};
pub use authorize::{AuthorizeOutcome, ConsentView, PageRefusal};
pub use clients::{Applied, ApplyError, ClientDefinition, InvalidClient};
pub use connections_view::{AgentStanding, AgentView, ConnectionView, ConnectionsView, EndedView, Exposure};
pub use decisions::{Approval, Approved, DecisionError};
pub use interaction::{AnsweredView, ConnectionChoice, InteractionRefusal, InteractionView};
pub use refusal::{Reason, RefusalKind, TokenRefusal};
pub use reply::TokenReply;
pub use usability::{ConnectionStanding, Obstacle};
