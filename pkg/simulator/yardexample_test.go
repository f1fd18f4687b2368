package simulator_test

import (
	"fmt"
	"net/http"
	"time"

	"yardstick/pkg/simulator"
)

// The answer to the first refresh is lost after the yard rotated the token, and the third page of every listing is
// an error inside a 200.
func ExampleYard_Fault() {
	yard := simulator.NewYard(simulator.YardConfig{APIKey: "demo-key", Now: time.Now})
	yard.Fault(func(r simulator.Request) *simulator.Answer {
		switch {
		case r.Endpoint == simulator.RefreshEndpoint && r.Nth == 1:
			return simulator.Lose()
		case r.Page == 3:
			return simulator.Refuse(http.StatusOK, "Object reference not set to an instance of an object.")
		}
		return nil
	})
	url, stop, err := yard.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	resp, err := http.Get(url + "/api/v1/customer?page=3")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(resp.StatusCode, yard.Count(simulator.Customers))
	// Output: 200 1
}
