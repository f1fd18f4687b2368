// Package simulator runs the vendors' servers in-process, for the demo and for tests: small real HTTP servers that
// speak the documented wire formats, refuse what the vendors would refuse, hold believable data, and misbehave on
// demand. All data in them follow from a seed and are invented.
//
// A Yard is one ScrapRight account. What is documented comes from the vendor's page "Getting API Access &
// Authentication"; what that page leaves open (paths of the listings, names of the date parameters, the shape of a
// record, the kind of the rate limit) is a field of YardConfig, with a believable default.
//
// A Scrunch is one organization at Scrunch. What is documented comes from the vendor's OpenAPI document and its page
// "API Keys"; what these leave open (caps and order of /query, how nulls meet a negation, whether a date is a number,
// rate limits, how late answers are seen) is a field of ScrunchConfig, with a believable default.
package simulator
