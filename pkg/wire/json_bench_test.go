package wire

import (
	"strings"
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

// BenchmarkTree is the way of a page of records to the places where they stand.
func BenchmarkTree(b *testing.B) {
	record := `{"PurchaseId":20261122001734,"PurchaseDate":"2026-11-22T14:03:11.000","TicketNumber":"T-001734",` +
		`"CustomerId":90071,"CustomerName":"Smith \u0026 Sons","BusinessId":null,"Yard":"North","Status":"Closed",` +
		`"IsVoid":false,"GrossWeight":18240.0,"TareWeight":15020.50,"NetWeight":3219.50,"Unit":"LB","Total":1287.8000,` +
		`"Items":[{"ItemId":1,"Commodity":"#1 Copper","Net":219.50,"Price":3.1000,"Amount":680.4500}],"Notes":"",` +
		`"CreatedBy":"clerk7","CreatedOn":"2026-11-22T13:58:40.137","ModifiedOn":"2026-11-22T14:03:12.001"}`
	body := []byte(`{"IsError":0,"Message":"","Data":[` + strings.Repeat(record+",", 99) + record + `]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := Tree(body); err != nil {
			b.Fatal(err)
		}
	}
}
