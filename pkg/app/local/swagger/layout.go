package swagger

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	pattern = regexp.MustCompile(`\b((?:[yY]{4}|[mM]{2}|[dD]{2})(?:[-/.]?(?:[yY]{4}|[mM]{2}|[dD]{2})){2})` +
		`(?:('?T'?| )[hH]{2}:[mM]{2}(:[sS]{2})?)?`)
	isoDate = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b`)
	isoTime = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?` +
		`(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?`)
	slashed = regexp.MustCompile(`\b([0-9]{2})([/.-])([0-9]{2})([/.-])[0-9]{4}\b`)
	packed  = regexp.MustCompile(`\b20[0-9]{6}\b`)
)

// layoutIn is Go's layout of the dates that a text shows, as a pattern such as yyyy-MM-dd or as an example. It is ""
// where there is none, and where an example could be read in two ways.
func layoutIn(text string) string {
	if match := pattern.FindStringSubmatch(text); match != nil {
		if layout := layoutOf(match); layout != "" {
			return layout
		}
	}
	if match := isoTime.FindStringSubmatch(text); match != nil {
		layout := "2006-01-02T15:04"
		if match[1] != "" {
			layout += ":05"
		}
		if match[3] != "" {
			layout += "Z07:00"
		}
		return layout
	}
	if isoDate.MatchString(text) {
		return time.DateOnly
	}
	if match := slashed.FindStringSubmatch(text); match != nil && match[2] == match[4] {
		a, _ := strconv.Atoi(match[1]) // two digits
		b, _ := strconv.Atoi(match[3])
		switch {
		case a <= 12 && b > 12:
			return "01" + match[2] + "02" + match[2] + "2006"
		case a > 12 && b <= 12:
			return "02" + match[2] + "01" + match[2] + "2006"
		}
		return ""
	}
	if at := packed.FindString(text); at != "" {
		if _, err := time.Parse("20060102", at); err == nil {
			return "20060102"
		}
	}
	return ""
}

// layoutOf spells a pattern of letters as Go does. One without a year, a month and a day each is none.
func layoutOf(match []string) string {
	letters := strings.ToLower(match[1])
	layout := strings.NewReplacer("yyyy", "2006", "mm", "01", "dd", "02").Replace(letters)
	for _, part := range []string{"yyyy", "mm", "dd"} {
		if strings.Count(letters, part) != 1 {
			return ""
		}
	}
	if match[2] == "" {
		return layout
	}
	layout += strings.Trim(match[2], "'") + "15:04"
	if match[3] != "" {
		layout += ":05"
	}
	return layout
}

// hasTime says whether a layout carries a time of day.
func hasTime(layout string) bool {
	return strings.Contains(layout, "15") || strings.Contains(layout, "3:04")
}
