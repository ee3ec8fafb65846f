module fiveways-go

go 1.18
