package schema_test

import "testing"

var lines = map[string]string{
	"purchase": `{"Id":134750000001,"TicketNumber":"20261123-0001","TicketDate":"2026-11-23T07:06:10-06:00","Type":"Purchase","SellerType":"Customer",` +
		`"CustomerId":1797,"BusinessId":null,"SellerName":"Quentin Tran","Lines":[{"Line":1,"MaterialCode":"BR-RD","Material":"Brass Red","Gross":138.5,` +
		`"Tare":18.5,"Net":120.0,"Unit":"lb","Price":2.8200,"Amount":338.40}],"TotalNet":120.0,"TotalAmount":338.40,"PaymentType":"Check",` +
		`"CheckNumber":20765,"Cashier":"tkowalski","IsVoid":false,"Notes":null}`,
	"brand day": `{"brand_id":103,"brand_name":"Loopwise","date":"20261123","responses":76,"brand_presence_percentage":0.6578947368421053,` +
		`"brand_position_score":56.0,"brand_sentiment_score":75.0,"brand_citation_rate":0.17105263157894737,` +
		`"brand_citation_share_of_voice":0.29545454545454547,"citation_count":169,"citation_unique_responses":44,"citation_unique_domains":22}`,
}

func BenchmarkObserve(b *testing.B) {
	for name, line := range lines {
		b.Run(name, func(b *testing.B) {
			s, text := of(b, line), []byte(line)
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if err := s.Observe(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestAKnownShapeIsObservedWithoutAllocation(t *testing.T) {
	for name, line := range lines {
		s, text := of(t, line), []byte(line)
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
