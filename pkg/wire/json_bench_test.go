package wire

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func BenchmarkMembers(b *testing.B) {
	record := jsontext.Value(`{"date":"20261117","prompt_id":10000001,"prompt":"What is the best running shoe for wide feet?",` +
		`"ai_platform":"ChatGPT","stage":"Evaluation","branded":false,"persona_id":101502,"persona_name":"Marathon newcomer","country":"US",` +
		`"responses":2,"brand_presence_percentage":0.5,"brand_position_score":100.0,"brand_sentiment_score":75.0,` +
		`"citation_count":7,"citation_unique_responses":2,"citation_unique_domains":6}`)
	for name, members := range map[string]func(jsontext.Value) ([]Member, error){"once": Members, "in turn": new(Cutter).Members} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(record)))
			for b.Loop() {
				if found, err := members(record); err != nil || len(found) != 16 {
					b.Fatal(found, err)
				}
			}
		})
	}
}
