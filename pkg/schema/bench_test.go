package schema_test

import (
	"testing"

	"yardstick/pkg/schema"
)

var lines = map[string]string{
	"purchase": `{"Id":134750000001,"TicketNumber":"20261123-0001","TicketDate":"2026-11-23T07:06:10-06:00","Type":"Purchase","SellerType":"Customer",` +
		`"CustomerId":1797,"BusinessId":null,"SellerName":"Quentin Tran","Lines":[{"Line":1,"MaterialCode":"BR-RD","Material":"Brass Red","Gross":138.5,` +
		`"Tare":18.5,"Net":120.0,"Unit":"lb","Price":2.8200,"Amount":338.40}],"TotalNet":120.0,"TotalAmount":338.40,"PaymentType":"Check",` +
		`"CheckNumber":20765,"Cashier":"tkowalski","IsVoid":false,"Notes":null}`,
	"brand day": `{"brand_id":103,"brand_name":"Loopwise","date":"20261123","responses":76,"brand_presence_percentage":0.6578947368421053,` +
		`"brand_position_score":56.0,"brand_sentiment_score":75.0,"brand_citation_rate":0.17105263157894737,` +
		`"brand_citation_share_of_voice":0.29545454545454547,"citation_count":169,"citation_unique_responses":44,"citation_unique_domains":22}`,
}

// mixed are purchases as a yard sends them in turn: with accents, escapes, another number of lines, members that not all have.
var mixed = []string{
	lines["purchase"],
	`{"Id":134750000002,"TicketNumber":"20261123-0002","TicketDate":"2026-11-23T07:09:44-06:00","Type":"Purchase","SellerType":"Customer",` +
		`"CustomerId":211,"SellerName":"Zoë Ångström","VehiclePlate":"K-1207","Lines":[{"Line":1,"Material":"Fe 5\" pipe","Gross":8140,"Net":8140,` +
		`"Price":0.0825},{"Line":2,"MaterialCode":"CU-1","Material":"Copper #1","Gross":12.25,"Tare":0.5,"Net":11.75,"Unit":"lb","Price":3.9150,` +
		`"Amount":46.00125}],"TotalAmount":717.55,"PaymentType":"Cash","IsVoid":false}`,
	`{"Id":134750000003,"TicketNumber":"20261123-0003","Type":"Void","SellerType":"Business","BusinessId":88,"Lines":[],"Cashier":"tkowalski",` +
		`"IsVoid":true,"Notes":"Twice on the scale, see 20261123-0001"}`,
}

func BenchmarkObserve(b *testing.B) {
	for name, line := range lines {
		b.Run(name, func(b *testing.B) { benchmark(b, (*schema.Schema).Observe, line) })
	}
	b.Run("mixed purchases", func(b *testing.B) { benchmark(b, (*schema.Schema).Observe, mixed...) })
}

// BenchmarkParse is of lines that cannot be followed.
func BenchmarkParse(b *testing.B) {
	for name, line := range lines {
		b.Run(name, func(b *testing.B) { benchmark(b, (*schema.Schema).Parse, line) })
	}
}

func benchmark(b *testing.B, observe func(*schema.Schema, []byte) error, lines ...string) {
	s, texts, size := of(b, lines...), [][]byte{}, 0
	for _, line := range lines {
		texts, size = append(texts, []byte(line)), size+len(line)
	}
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, text := range texts {
			if err := observe(s, text); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestAKnownShapeIsObservedWithoutAllocation(t *testing.T) {
	for name, line := range lines {
		s, text := of(t, line), []byte(line)
		if !s.Follows(text) {
			t.Errorf("%s: it cannot be followed", name)
		}
		observe := func() {
			if err := s.Observe(text); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(100, observe); n != 0 {
			t.Errorf("%s: %v allocations a record", name, n)
		}
	}
}
