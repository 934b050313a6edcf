//! Request methods (RFC 3261 §7.1 and its extensions). A method that we do not know stays what its sender wrote.
use serde::{Deserialize, Serialize};

macro_rules! methods {
    ($($variant:ident = $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Method {
            $($variant,)*
            /// Any other token; its text is in the message.
            Unknown,
        }

        impl Method {
            /// Method names are case-sensitive (RFC 3261 §7.1).
            pub fn parse(text: &str) -> Method {
                match text {
                    $($text => Method::$variant,)*
                    _ => Method::Unknown,
                }
            }

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Method::$variant => $text,)*
                    Method::Unknown => "UNKNOWN",
                }
            }
        }
    };
}

methods! {
    Invite = "INVITE",
    Ack = "ACK",
    Bye = "BYE",
    Cancel = "CANCEL",
    Options = "OPTIONS",
    Register = "REGISTER",
    Info = "INFO",
    Update = "UPDATE",
    Prack = "PRACK",
    Subscribe = "SUBSCRIBE",
    Notify = "NOTIFY",
    Refer = "REFER",
    Message = "MESSAGE",
    Publish = "PUBLISH",
}

/// What we answer to: the Allow header of OPTIONS, 405 and dialogs.
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REGISTER, REFER, NOTIFY";
