package swagger

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Lines are the lines of the configuration to change for an account, as they stand in the file, with nothing but the keys
// that differ. There are none where nothing differs.
func Lines(account string, verdicts []Verdict) []string {
	var changed []string
	for _, v := range verdicts {
		if len(v.Differences) == 0 {
			continue
		}
		var keys []string
		for _, d := range v.Differences {
			keys = append(keys, d.Key+": "+spell(d.Value))
		}
		changed = append(changed, fmt.Sprintf("      %s: {%s}", v.Dataset, strings.Join(keys, ", ")))
	}
	if len(changed) == 0 {
		return nil
	}
	return slices.Concat([]string{"scrapright:", "  - account: " + spell(account), "    datasets:"}, changed)
}

// plain is text that needs no quotes inside a flow mapping of YAML, and that no reader takes for anything else.
var plain = regexp.MustCompile(`^[A-Za-z/0-9][A-Za-z0-9/_.+-]*$`)

// words of YAML 1.1 and 1.2 that are no text.
var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

func spell(value any) string {
	text, ok := value.(string)
	if !ok {
		return fmt.Sprint(value)
	}
	if plain.MatchString(text) && !slices.Contains(yamlWords, strings.ToLower(text)) {
		return text
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string into memory: neither can fail
	return strings.TrimSuffix(out.String(), "\n")
}
