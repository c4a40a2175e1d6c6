//! Every APIM policy, one file each: definition, compiled form, run function, tests
