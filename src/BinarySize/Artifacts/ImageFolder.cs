using System.Globalization;
using BinarySize.Formats.Archives;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Artifacts;

/// <summary>
/// Measures the layers of container images that lie in a folder as OCI layouts (index.json, oci-layout, blobs/): each by its
/// files, and by what a later layer hides. All other files of the folder are left to <see cref="Measurer"/>.
/// </summary>
internal static class ImageFolder
{
    private const string Marker = "oci-layout";

    /// <param name="files">The files of the folder.</param>
    /// <param name="options">How to measure.</param>
    /// <param name="measured">Takes what was measured, by the place of the file in <paramref name="files"/>.</param>
    /// <param name="warnings">Takes what is missing or damaged.</param>
    public static void Measure(IReadOnlyList<FoundFile> files, MeasureOptions options, MeasuredFile?[] measured, List<MapWarning> warnings)
    {
        Dictionary<string, int>? byPath = null;
        foreach (FoundFile marker in files)
        {
            if (marker.LinkTarget is not null || Path.GetFileName(marker.Path) != Marker) continue;
            string folder = marker.Path[..^Marker.Length];
            if (!ImageArchive.TryParseFolder(Path.GetDirectoryName(marker.FullPath)!, out ImageArchive? image)) continue;
            foreach (string problem in image.Problems) warnings.Add(new MapWarning(MapWarningCodes.Damaged, $"'{folder}index.json': the container image is damaged: {problem}"));
            if (byPath is null)
            {
                byPath = new Dictionary<string, int>(StringComparer.Ordinal);
                for (int i = 0; i < files.Count; i++) byPath[files[i].Path] = i;
            }
            foreach (ImageDescription description in image.Images)
            {
                var layers = new List<int>();
                var names = new List<string>();
                int number = 0;
                foreach (ImageBlob blob in description.Layers)
                {
                    string name = "layer " + (++number).ToString(CultureInfo.InvariantCulture);
                    // Images share layers: one is there once, where it is first.
                    if (blob.Size <= 0 || !byPath.TryGetValue(folder + blob.Path, out int index)) continue;
                    if (measured[index] is not null || layers.Contains(index) || files[index].LinkTarget is not null) continue;
                    layers.Add(index);
                    names.Add(image.Images.Count == 1 ? name : $"{description.Name} {name}");
                }
                MeasureLayers(files, layers, names, options, measured);
            }
        }
    }

    private static void MeasureLayers(IReadOnlyList<FoundFile> files, List<int> layers, List<string> names, MeasureOptions options, MeasuredFile?[] measured)
    {
        var views = new List<FileView>();
        try
        {
            foreach (int index in layers) views.Add(FileView.Open(files[index].FullPath, options.Access));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The layer that cannot be read is told about where files are measured one by one.
            foreach (FileView view in views) view.Dispose();
            return;
        }
        long[] sizes = [.. views.Select(v => v.Length)];
        IReadOnlyList<SizeMap> maps = ImageReader.MapLayers(views, names, options.LookInside, layers.Exists(i => options.WithOwners(files[i].Path)));
        for (int i = 0; i < maps.Count; i++) measured[layers[i]] = Measurer.Finish(files[layers[i]], maps[i], sizes[i], options.PackageOf(files[layers[i]].Path), options);
    }
}
