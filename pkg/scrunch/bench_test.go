package scrunch

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"yardstick/pkg/snapshot/snapshottest"

	"github.com/go-json-experiment/json/jsontext"
)

// promptRow is a row of prompt_daily.
func promptRow(i int) string {
	return fmt.Sprintf(`{"date":"20261117","prompt_id":%d,"prompt":"What is the best running shoe for wide feet, case %d?",`+
		`"ai_platform":"ChatGPT","stage":"Evaluation","branded":false,"persona_id":101502,"persona_name":"Marathon newcomer","country":"US",`+
		`"responses":2,"brand_presence_percentage":0.5,"brand_position_score":100.0,"brand_sentiment_score":75.0,`+
		`"brand_citation_rate":0.5,"brand_citation_share_of_voice":0.3333333333333333,"citation_count":7,`+
		`"citation_unique_responses":2,"citation_unique_domains":6}`, 10_000_000+i, i)
}

func promptRows(n int) []byte {
	var body bytes.Buffer
	body.WriteByte('[')
	for i := range n {
		if i > 0 {
			body.WriteByte(',')
		}
		body.WriteString(promptRow(i))
	}
	return append(body.Bytes(), ']')
}

// BenchmarkRows is the way of a row from the answer's bytes into the spool.
func BenchmarkRows(b *testing.B) {
	const n = 10_000
	body := promptRows(n)
	spool := snapshottest.NewSpool(b)
	defer func() { _ = spool.Close() }()
	sink := &tagger{Sink: spool, brand: Brand{ID: 101, Name: jsontext.Value(`"Larkspur Running"`)}}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := spool.Reset(); err != nil {
			b.Fatal(err)
		}
		into := newRows(sink, strings.Split("date,prompt_id,prompt,ai_platform,stage,branded", ","), dayOf(closed))
		if count, err := eachRow(bytes.NewReader(body), into.add); err != nil || count != n {
			b.Fatal(count, err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}
