using Serilog;

// A tool that logs. With an argument: what cuts take away.
Log.Logger = new LoggerConfiguration().MinimumLevel.Debug().Enrich.WithProperty("App", "log").WriteTo.Console(outputTemplate: "[{Level:u3}] {Message:lj}{NewLine}{Exception}").CreateLogger();
if (args is ["object"])
{
    Log.Information("at {@Place}", new Place("north", 3));
}
else
{
    Log.Debug("{Count:000} of {@Parts} in {Name}", 7, new Dictionary<string, int> { ["body"] = 5 }, "log");
    Log.ForContext("Source", "here").Warning("list {List}", new[] { 1, 2 });
    Log.Verbose("never");
    try
    {
        throw new InvalidOperationException("on purpose");
    }
    catch (InvalidOperationException e)
    {
        Log.Error(e, "caught");
    }
}
Log.CloseAndFlush();

internal sealed record Place(string Name, int Floor);
