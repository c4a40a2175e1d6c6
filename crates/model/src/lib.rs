//! The service's configuration: APIs, operations, products, subscriptions, named values, backends; loaders
