using System.Text.Json;
using BinarySize.Artifacts;
using BinarySize.Budgets;
using Microsoft.Build.Framework;

namespace BinarySize.Build;

/// <summary>
/// Names that a budget may mean although the stage at hand does not have them. <c>dotnet build</c> measures the project's
/// own output, while a budget on a package speaks of what <c>dotnet publish</c> ships; a name that is neither is a typo.
/// </summary>
internal sealed class KnownNames(string stage, StageInputs inputs, string? assetsFile, ITaskItem[] references)
{
    /// <summary>Names of <paramref name="scope"/> that exist, but not in what this stage measures.</summary>
    public IReadOnlyCollection<string> Of(BudgetScope scope) => (stage, scope) switch
    {
        ("Build", BudgetScope.Package) => Packages(),
        ("Build", BudgetScope.Assembly) => [.. references.Select(r => Path.GetFileNameWithoutExtension(r.ItemSpec))],
        ("Build", BudgetScope.File) => [.. inputs.Artifacts.Where(a => a.Kind == ArtifactKind.Folder).SelectMany(a => FolderWalker.Walk(a.FullPath, [])).Select(f => f.Path)],
        _ => [],
    };

    private List<string> Packages()
    {
        var names = new List<string>();
        try
        {
            if (assetsFile is null || !File.Exists(assetsFile)) return names;
            using JsonDocument assets = JsonDocument.Parse(File.ReadAllBytes(assetsFile));
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
