// The values and texts of commands are part of what this module's types are made of, so whoever imports it has them too.
@_exported public import StrictFormats
