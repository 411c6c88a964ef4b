using System.Text.Json.Serialization;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
var app = builder.Build();
Todo[] todos = [new(1, "Measure first"), new(2, "Then shrink", true)];
app.MapGet("/todos", () => todos);
app.Run();

internal sealed record Todo(int Id, string Title, bool Done = false);

[JsonSerializable(typeof(Todo[]))]
internal sealed partial class ApiJson : JsonSerializerContext;
