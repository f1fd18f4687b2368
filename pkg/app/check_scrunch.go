package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/config"
	"yardstick/pkg/credential"
)

// namedBrands is how many brands a finding names before it only counts them.
const namedBrands = 20

// checkScrunch tells which brands the key may read, and which configured ones it may not. It lists the brands with the
// key, which costs a request and changes nothing.
func (a *App) checkScrunch(ctx context.Context, c config.Scrunch) []Finding {
	const key, brands = "api_key_secret", "brands"
	_, version, err := credential.ReadKey(ctx, a.vault, c.APIKeySecret)
	if err != nil {
		return []Finding{finding(Fault, key, "%v", err), finding(Warn, brands, "could not be listed without a key")}
	}
	source, err := a.brands(c)
	if err != nil {
		return []Finding{finding(Fault, key, "%v", err)}
	}
	listed, err := source.Listed(ctx)
	if err != nil {
		return []Finding{finding(OK, key, "%s holds an API key (version %s)", c.APIKeySecret, short(version)),
			finding(Fault, brands, "could not be listed: %v", err)}
	}
	findings := []Finding{finding(OK, key, "%s holds an API key (version %s), and Scrunch takes it", c.APIKeySecret, short(version))}
	ids := map[int64]bool{}
	var names []string
	for _, b := range listed {
		ids[b.ID] = true
		names = append(names, fmt.Sprintf("%d %s", b.ID, b.Name))
	}
	level := OK
	if len(names) == 0 {
		level = Fault
	}
	findings = append(findings, finding(level, brands, "the key may read %s", list(names)))
	if missing := absent(c.Brands, ids); len(missing) > 0 {
		findings = append(findings, finding(Fault, brands, "configured and not among those that the key lists: %s; "+
			"check that the key's scope includes the brand and that the brand is not archived", list(missing)))
	}
	if missing := absent(c.Except, ids); len(missing) > 0 {
		findings = append(findings, finding(Warn, brands, "left out by `except` and not among those that the key lists: %s", list(missing)))
	}
	return findings
}

func absent(wanted []int64, listed map[int64]bool) []string {
	var missing []string
	for _, id := range slices.Sorted(slices.Values(wanted)) {
		if !listed[id] {
			missing = append(missing, fmt.Sprint(id))
		}
	}
	return missing
}

// list spells out names, with their number where there are many.
func list(names []string) string {
	switch n := len(names); {
	case n == 0:
		return "no brand at all"
	case n > namedBrands:
		return fmt.Sprintf("%d brands: %s and %d more", n, strings.Join(names[:namedBrands], ", "), n-namedBrands)
	case n == 1:
		return "1 brand: " + names[0]
	default:
		return fmt.Sprintf("%d brands: %s", n, strings.Join(names, ", "))
	}
}
