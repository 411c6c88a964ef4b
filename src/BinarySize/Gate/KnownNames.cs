using System.Text.Json;
using BinarySize.Artifacts;
using BinarySize.Budgets;

namespace BinarySize.Gate;

/// <summary>
/// Names that a budget may mean although the stage at hand does not have them. <c>dotnet build</c> measures the project's
/// own output, while a budget on a package speaks of what <c>dotnet publish</c> ships; a name that is neither is a typo.
/// </summary>
internal sealed class KnownNames(GateRequest request, IReadOnlyList<StageArtifact> artifacts)
{
    /// <summary>Names of <paramref name="scope"/> that exist, but not in what this stage measures.</summary>
    public IReadOnlyCollection<string> Of(BudgetScope scope) => (request.Stage, scope) switch
    {
        (Stage.Build, BudgetScope.Package) => Packages(),
        (Stage.Build, BudgetScope.Assembly) => [.. request.References.Select(r => Path.GetFileNameWithoutExtension(r))],
        (Stage.Build, BudgetScope.File) => [.. artifacts.Where(a => a.Kind == ArtifactKind.Folder).SelectMany(a => FolderWalker.Walk(a.FullPath, [])).Select(f => f.Path)],
        _ => [],
    };

    private List<string> Packages()
    {
        var names = new List<string>();
        try
        {
            if (request.AssetsFile is null || !File.Exists(request.AssetsFile)) return names;
            using JsonDocument assets = JsonDocument.Parse(File.ReadAllBytes(request.AssetsFile));
            if (!assets.RootElement.TryGetProperty("libraries", out JsonElement libraries)) return names;
            foreach (JsonProperty library in libraries.EnumerateObject())
            {
                if (library.Value.TryGetProperty("type", out JsonElement type) && type.ValueEquals("package")) names.Add(library.Name.Split('/')[0]);
            }
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException or InvalidOperationException)
        {
            // Restore writes this file; when it cannot be read the names are simply not known.
        }
        return names;
    }
}
