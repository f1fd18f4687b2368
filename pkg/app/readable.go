package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yardstick/pkg/config"
	"yardstick/pkg/scrunch"
)

// readable is a dataset of an account as its reader knows it.
type readable struct {
	source, account, dataset string
	listing                  bool // whole listings as read on each day
	brands                   bool // an object for each brand
	off                      bool // not exported as configured; earlier days may be there
	zone                     *time.Location
	wanted, unwanted         []string // parts that each day shall have, and need not have
}

// readables are all datasets of the configured accounts, those that are off too, by source and account.
func (a *App) readables() []readable {
	var all []readable
	for _, c := range a.Configured.ScrapRight {
		for _, name := range scrapRightDatasets {
			d := c.Datasets[name]
			all = append(all, readable{source: ScrapRight, account: c.Account, dataset: name, listing: d.From == "", off: d.Off,
				zone: c.Location, wanted: []string{name}})
		}
	}
	for _, c := range a.Configured.Scrunch {
		all = append(all, brandTables(c)...)
	}
	slices.SortStableFunc(all, func(a, b readable) int {
		return strings.Compare(a.source+"/"+a.account, b.source+"/"+b.account)
	})
	return all
}

// brandTables are the datasets of one account at Scrunch.
func brandTables(c config.Scrunch) []readable {
	var wanted, unwanted []string
	for _, id := range c.Brands {
		wanted = append(wanted, brandPart(id))
	}
	for _, id := range c.Except {
		unwanted = append(unwanted, brandPart(id))
	}
	known, off := reports(c.Reports), map[string]bool{}
	for i, r := range known {
		off[r.Name], known[i].Off = r.Off, false
	}
	var all []readable
	for _, d := range scrunch.Datasets(known, nil, nil) {
		t := readable{source: Scrunch, account: c.Account, dataset: d.Name, listing: d.Listing, brands: d.Name != "brands",
			off: off[d.Name] || c.Datasets[d.Name].Off, zone: time.UTC, wanted: wanted, unwanted: unwanted}
		if !t.brands {
			t.wanted, t.unwanted = []string{d.Name}, nil
		}
		all = append(all, t)
	}
	return all
}

func brandPart(id int64) string { return fmt.Sprintf("brand-%d", id) }
