return BinarySize.Gate.GateProcess.Serve(args);
